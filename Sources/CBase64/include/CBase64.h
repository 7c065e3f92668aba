// Base64 (RFC 4648, section 4) at the speed of the processor's vector instructions, which Swift cannot name.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Encodes `count` bytes with padding; `target` must have room for (count + 2) / 3 * 4 characters.
void caption_base64_encode(const uint8_t *source, size_t count, uint8_t *target);

#include "CBase64.h"

static const uint8_t letters[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
    'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r',
    's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

#if defined(__x86_64__)
#include <immintrin.h>

// Encodes 24 bytes at a step and returns how many bytes it did; what is left is for the others.
//
// Each half of a register takes 12 bytes. A letter is its six bits plus an offset that depends only on the range they
// fall into: 0-25 capitals, 26-51 small letters, 52-61 digits, 62 plus, 63 slash.
__attribute__((target("avx2"))) static size_t encode_avx2(const uint8_t *source, size_t count, uint8_t *target) {
    // Bytes b0 b1 b2 become b1 b0 b2 b1, so that every six bits lie within one 16-bit word.
    const __m256i spread = _mm256_setr_epi8(
        1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    // By range: 0 small letters, 1-10 digits, 11 plus, 12 slash, 13 capitals.
    const __m256i offsets = _mm256_setr_epi8(
        71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19,
        -16, 65, 0, 0);
    size_t done = 0;
    // The second half's load reaches four bytes past the 24 that are used.
    for (; count - done >= 28; done += 24, target += 32) {
        const __m128i low = _mm_loadu_si128((const __m128i *)(source + done));
        const __m128i high = _mm_loadu_si128((const __m128i *)(source + done + 12));
        const __m256i words = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
        const __m256i even = _mm256_mulhi_epu16(
            _mm256_and_si256(words, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
        const __m256i odd = _mm256_mullo_epi16(
            _mm256_and_si256(words, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
        const __m256i sixes = _mm256_or_si256(even, odd);
        const __m256i capitals = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), sixes);
        const __m256i range = _mm256_or_si256(
            _mm256_subs_epu8(sixes, _mm256_set1_epi8(51)), _mm256_and_si256(capitals, _mm256_set1_epi8(13)));
        _mm256_storeu_si256((__m256i *)target, _mm256_add_epi8(sixes, _mm256_shuffle_epi8(offsets, range)));
    }
    return done;
}

static size_t encode_vectors(const uint8_t *source, size_t count, uint8_t *target) {
    return __builtin_cpu_supports("avx2") && count >= 28 ? encode_avx2(source, count, target) : 0;
}
#else
static size_t encode_vectors(const uint8_t *source, size_t count, uint8_t *target) {
    return 0;
}
#endif

void caption_base64_encode(const uint8_t *source, size_t count, uint8_t *target) {
    size_t done = encode_vectors(source, count, target);
    target += done / 3 * 4;
    for (; count - done >= 3; done += 3, target += 4) {
        const uint32_t bits = (uint32_t)source[done] << 16 | (uint32_t)source[done + 1] << 8 | source[done + 2];
        target[0] = letters[bits >> 18];
        target[1] = letters[bits >> 12 & 63];
        target[2] = letters[bits >> 6 & 63];
        target[3] = letters[bits & 63];
    }
    if (done == count) return;
    const uint32_t bits = (uint32_t)source[done] << 16 | (count - done == 2 ? (uint32_t)source[done + 1] << 8 : 0);
    target[0] = letters[bits >> 18];
    target[1] = letters[bits >> 12 & 63];
    target[2] = count - done == 2 ? letters[bits >> 6 & 63] : '=';
    target[3] = '=';
}

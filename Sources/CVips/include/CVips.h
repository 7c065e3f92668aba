// What this program asks of libvips, in one call.
//
// The library is opened when the first image needs it and not linked: it brings a hundred others along, which take longer
// to load than most commands run, and the program works without it as long as no image has to be converted.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The loader to use; never guessed from the bytes.
enum caption_vips_source {
    CAPTION_VIPS_JPEG,
    CAPTION_VIPS_PNG,
    CAPTION_VIPS_GIF,
    CAPTION_VIPS_WEBP,
    CAPTION_VIPS_TIFF,
    CAPTION_VIPS_HEIF,
};

enum caption_vips_output {
    CAPTION_VIPS_AS_JPEG,
    CAPTION_VIPS_AS_PNG,
    // Whichever is smaller.
    CAPTION_VIPS_AS_EITHER,
};

enum caption_vips_result {
    CAPTION_VIPS_DONE,
    CAPTION_VIPS_FAILED,
    CAPTION_VIPS_OUT_OF_TIME,
    CAPTION_VIPS_TOO_LARGE,
    // Nothing of the image is transparent, and only that was asked.
    CAPTION_VIPS_OPAQUE,
};

struct caption_vips_order {
    enum caption_vips_source source;
    // JPEG only: decode at one 1st, 2nd, 4th or 8th of the size.
    int shrink;
    // How the image is to be turned, as EXIF numbers it, 1 to 8.
    int orientation;
    // The size of the result, upright; 0 keeps the image's own.
    int width, height;
    enum caption_vips_output output;
    // Of a JPEG, 1 to 100.
    int quality;
    // Whether an image without transparent pixels is to be left alone.
    int only_transparent;
    // More pixels than these are not decoded.
    int64_t most_pixels;
    double seconds;
};

struct caption_vips_image {
    // To be given back with caption_vips_free.
    void *bytes;
    size_t count;
    int width, height;
    int is_png;
    // Why it failed, cut to fit.
    char message[256];
};

// Opens the library; NULL when it can be used, else why not. Called once, before anything else.
const char *caption_vips_open(void);

// Converts one image on the calling thread.
enum caption_vips_result caption_vips_convert(
    const void *bytes, size_t count, const struct caption_vips_order *order, struct caption_vips_image *image);

void caption_vips_free(void *bytes);

// Brings an image to so many grey pixels, row after row; for comparing pictures.
enum caption_vips_result caption_vips_thumbnail(
    const void *bytes, size_t count, const struct caption_vips_order *order, uint8_t *pixels, struct caption_vips_image *image);

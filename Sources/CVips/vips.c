#define _GNU_SOURCE
#include "CVips.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// The part of libvips's interface that is used here; stable since 8.12 under the name libvips.so.42.
// https://www.libvips.org/API/current/
typedef struct Image Image;
typedef int Loader(const void *, size_t, Image **, ...);
typedef int Saver(Image *, void **, size_t *, ...);
typedef int Step(Image *, Image **, ...);

enum { CUBIC = 2 };
enum { B_W = 1, SEQUENTIAL = 1, FAIL_ON_ERROR = 2, USHORT = 2, CMYK = 15, SRGB = 22, RGB16 = 25, GREY16 = 26 };

static struct {
    int (*init)(const char *);
    void (*block_untrusted)(int);
    void (*cache_set_max)(int);
    void (*concurrency_set)(int);
    void (*thread_shutdown)(void);
    char *(*error_buffer_copy)(void);
    Loader *load[6];
    Saver *jpegsave, *pngsave;
    int (*width)(const Image *), (*height)(const Image *), (*bands)(const Image *), (*format)(const Image *);
    int (*interpretation)(const Image *), (*has_alpha)(Image *);
    size_t (*type_of)(const Image *, const char *);
    int (*blob)(const Image *, const char *, const void **, size_t *);
    void (*set_progress)(Image *, int);
    void (*set_kill)(Image *, int);
    Step *flatten, *icc_transform;
    int (*resize)(Image *, Image **, double, ...);
    int (*colourspace)(Image *, Image **, int, ...);
    int (*cast)(Image *, Image **, int, ...);
    int (*rotate)(Image *, Image **, int, ...);
    int (*flip)(Image *, Image **, int, ...);
    int (*extract_band)(Image *, Image **, int, ...);
    int (*min)(Image *, double *, ...);
    Image *(*copy_memory)(Image *);
    void *(*write_to_memory)(Image *, size_t *);
    void *(*array_double)(const double *, int);
    void (*area_unref)(void *);
    void (*unref)(void *);
    void (*g_free)(void *);
    unsigned long (*connect)(void *, const char *, void (*)(void), void *, void *, int);
    unsigned (*set_log_handler)(const char *, int, void (*)(const char *, int, const char *, void *), void *);
} vips;

static void say_nothing(const char *domain, int level, const char *message, void *data) {}

const char *caption_vips_open(void) {
    static char reason[512];
    void *library = dlopen("libvips.so.42", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(reason, sizeof reason, "%s", dlerror());
        return reason;
    }
    const struct {
        const char *name;
        void *place;
        int is_optional;
    } symbols[] = {
        {"vips_init", &vips.init, 0},
        {"vips_block_untrusted_set", &vips.block_untrusted, 1},
        {"vips_cache_set_max", &vips.cache_set_max, 0},
        {"vips_concurrency_set", &vips.concurrency_set, 0},
        {"vips_thread_shutdown", &vips.thread_shutdown, 0},
        {"vips_error_buffer_copy", &vips.error_buffer_copy, 0},
        {"vips_jpegload_buffer", &vips.load[CAPTION_VIPS_JPEG], 0},
        {"vips_pngload_buffer", &vips.load[CAPTION_VIPS_PNG], 0},
        {"vips_gifload_buffer", &vips.load[CAPTION_VIPS_GIF], 0},
        {"vips_webpload_buffer", &vips.load[CAPTION_VIPS_WEBP], 0},
        {"vips_tiffload_buffer", &vips.load[CAPTION_VIPS_TIFF], 0},
        {"vips_heifload_buffer", &vips.load[CAPTION_VIPS_HEIF], 0},
        {"vips_jpegsave_buffer", &vips.jpegsave, 0},
        {"vips_pngsave_buffer", &vips.pngsave, 0},
        {"vips_image_get_width", &vips.width, 0},
        {"vips_image_get_height", &vips.height, 0},
        {"vips_image_get_bands", &vips.bands, 0},
        {"vips_image_get_format", &vips.format, 0},
        {"vips_image_get_interpretation", &vips.interpretation, 0},
        {"vips_image_hasalpha", &vips.has_alpha, 0},
        {"vips_image_get_typeof", &vips.type_of, 0},
        {"vips_image_get_blob", &vips.blob, 0},
        {"vips_image_set_progress", &vips.set_progress, 0},
        {"vips_image_set_kill", &vips.set_kill, 0},
        {"vips_flatten", &vips.flatten, 0},
        {"vips_icc_transform", &vips.icc_transform, 0},
        {"vips_resize", &vips.resize, 0},
        {"vips_colourspace", &vips.colourspace, 0},
        {"vips_cast", &vips.cast, 0},
        {"vips_rot", &vips.rotate, 0},
        {"vips_flip", &vips.flip, 0},
        {"vips_extract_band", &vips.extract_band, 0},
        {"vips_min", &vips.min, 0},
        {"vips_image_copy_memory", &vips.copy_memory, 0},
        {"vips_image_write_to_memory", &vips.write_to_memory, 0},
        {"vips_array_double_new", &vips.array_double, 0},
        {"vips_area_unref", &vips.area_unref, 0},
        // Of GLib, which libvips brings along.
        {"g_object_unref", &vips.unref, 0},
        {"g_free", &vips.g_free, 0},
        {"g_signal_connect_data", &vips.connect, 0},
        {"g_log_set_handler", &vips.set_log_handler, 0},
    };
    for (size_t index = 0; index < sizeof symbols / sizeof *symbols; index++) {
        void *symbol = dlsym(library, symbols[index].name);
        if (!symbol && !symbols[index].is_optional) {
            snprintf(reason, sizeof reason, "libvips is too old: it has no %s", symbols[index].name);
            return reason;
        }
        memcpy(symbols[index].place, &symbol, sizeof symbol);
    }
    if (vips.init("caption")) return "libvips could not be started";
    // Every message goes into the item's failure; nothing to the terminal.
    vips.set_log_handler("VIPS", 0xFF, say_nothing, NULL);
    if (vips.block_untrusted) vips.block_untrusted(1);
    // Images never come back: what the cache would keep is memory lost. Images run beside each other, not within.
    vips.cache_set_max(0);
    vips.concurrency_set(1);
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// One conversion: the image as it stands, and when it must be over.
struct work {
    Image *image;
    double deadline;
    int is_late;
};

static void check_time(Image *image, void *progress, struct work *work) {
    if (now() < work->deadline) return;
    work->is_late = 1;
    vips.set_kill(image, 1);
}

// Takes the result of a step over; 0 when it worked.
static int replace(struct work *work, int status, Image *next) {
    if (status) return status;
    vips.unref(work->image);
    work->image = next;
    return 0;
}

static void watch(struct work *work) {
    vips.set_progress(work->image, 1);
    vips.connect(work->image, "eval", (void (*)(void))check_time, work, NULL, 0);
}

// Decodes into memory, so that the pixels can be read in any order and more than once.
static int hold(struct work *work) {
    watch(work);
    Image *next = vips.copy_memory(work->image);
    return replace(work, next ? 0 : -1, next);
}

static int load(struct work *work, const void *bytes, size_t count, const struct caption_vips_order *order) {
    Loader *loader = vips.load[order->source];
    return order->source == CAPTION_VIPS_JPEG
        ? loader(bytes, count, &work->image, "access", SEQUENTIAL, "fail_on", FAIL_ON_ERROR, "shrink", order->shrink, NULL)
        : loader(bytes, count, &work->image, "access", SEQUENTIAL, "fail_on", FAIL_ON_ERROR, NULL);
}

static double brightest(const struct work *work) {
    const int interpretation = vips.interpretation(work->image);
    return interpretation == RGB16 || interpretation == GREY16 || vips.format(work->image) == USHORT ? 65535 : 255;
}

static int is_transparent(struct work *work) {
    if (!vips.has_alpha(work->image)) return 0;
    if (hold(work)) return -1;
    Image *alpha = NULL;
    double least = 0;
    const int status = vips.extract_band(work->image, &alpha, vips.bands(work->image) - 1, NULL)
        || vips.min(alpha, &least, NULL);
    if (alpha) vips.unref(alpha);
    return status ? -1 : least < brightest(work);
}

static int flatten(struct work *work) {
    if (!vips.has_alpha(work->image)) return 0;
    const double white[3] = {brightest(work), brightest(work), brightest(work)};
    void *background = vips.array_double(white, vips.bands(work->image) > 3 ? 3 : 1);
    Image *next = NULL;
    const int status = vips.flatten(work->image, &next, "background", background, NULL);
    vips.area_unref(background);
    return replace(work, status, next);
}

static int resize(struct work *work, int width, int height) {
    const int own_width = vips.width(work->image), own_height = vips.height(work->image);
    if (!width || !height || (width == own_width && height == own_height)) return 0;
    Image *next = NULL;
    const int status = vips.resize(
        work->image, &next, (double)width / own_width, "vscale", (double)height / own_height, "kernel", CUBIC, NULL);
    return replace(work, status, next);
}

static const char profile[] = "icc-profile-data";

// Most pictures are in sRGB and say so in their profile's description, in either of its spellings.
static int is_srgb(const struct work *work) {
    const void *bytes = NULL;
    size_t count = 0;
    if (vips.format(work->image) != 0 || vips.blob(work->image, profile, &bytes, &count)) return 0;
    const size_t head = count < 4096 ? count : 4096;
    return memmem(bytes, head, "sRGB", 4) || memmem(bytes, head, "s\0R\0G\0B", 7);
}

// To 8-bit sRGB, through the image's own profile where it has one.
static int colour(struct work *work) {
    Image *next = NULL;
    int status = -1;
    const int is_cmyk = vips.interpretation(work->image) == CMYK;
    if (vips.type_of(work->image, profile) && !is_srgb(work))
        status = vips.icc_transform(work->image, &next, "srgb", "embedded", 1, NULL);
    if (status && is_cmyk)
        status = vips.icc_transform(work->image, &next, "srgb", "input_profile", "cmyk", NULL);
    // A profile that does not fit its image is passed over.
    if (status) {
        vips.g_free(vips.error_buffer_copy());
        status = vips.colourspace(work->image, &next, SRGB, NULL);
    }
    if (replace(work, status, next)) return -1;
    if (vips.format(work->image) == 0) return 0;
    status = vips.cast(work->image, &next, 0, NULL);
    return replace(work, status, next);
}

static int turn(struct work *work, int orientation) {
    // Quarter turns clockwise, then a mirror at the upright axis.
    static const struct {
        int quarters, is_mirrored;
    } turns[9] = {{0, 0}, {0, 0}, {0, 1}, {2, 0}, {2, 1}, {1, 1}, {1, 0}, {3, 1}, {3, 0}};
    if (orientation < 2 || orientation > 8) return 0;
    if (hold(work)) return -1;
    Image *next = NULL;
    if (turns[orientation].quarters) {
        const int status = vips.rotate(work->image, &next, turns[orientation].quarters, NULL);
        if (replace(work, status, next)) return -1;
    }
    if (!turns[orientation].is_mirrored) return 0;
    const int status = vips.flip(work->image, &next, 0, NULL);
    return replace(work, status, next);
}

static int save(struct work *work, const struct caption_vips_order *order, struct caption_vips_image *image) {
    image->width = vips.width(work->image);
    image->height = vips.height(work->image);
    if (order->output == CAPTION_VIPS_AS_EITHER && hold(work)) return -1;
    watch(work);
    if (order->output != CAPTION_VIPS_AS_PNG
        && vips.jpegsave(work->image, &image->bytes, &image->count, "Q", order->quality, "strip", 1, NULL))
        return -1;
    if (order->output == CAPTION_VIPS_AS_JPEG) return 0;
    void *png = NULL;
    size_t count = 0;
    if (vips.pngsave(work->image, &png, &count, "strip", 1, NULL)) return -1;
    if (image->bytes && image->count <= count) {
        vips.g_free(png);
        return 0;
    }
    if (image->bytes) vips.g_free(image->bytes);
    image->bytes = png;
    image->count = count;
    image->is_png = 1;
    return 0;
}

// The image upright, on white, in sRGB and of the size asked.
static enum caption_vips_result develop(
    struct work *work, const void *bytes, size_t count, const struct caption_vips_order *order) {
    if (load(work, bytes, count, order)) return CAPTION_VIPS_FAILED;
    if ((int64_t)vips.width(work->image) * vips.height(work->image) > order->most_pixels) return CAPTION_VIPS_TOO_LARGE;
    if (order->only_transparent) {
        const int answer = is_transparent(work);
        if (answer <= 0) return answer < 0 ? CAPTION_VIPS_FAILED : CAPTION_VIPS_OPAQUE;
    }
    const int is_turned = order->orientation >= 5;
    if (flatten(work) || resize(work, is_turned ? order->height : order->width, is_turned ? order->width : order->height)
        || colour(work) || turn(work, order->orientation))
        return CAPTION_VIPS_FAILED;
    return CAPTION_VIPS_DONE;
}

// Lets everything go, and says why it went wrong if it did.
static enum caption_vips_result finish(
    struct work *work, enum caption_vips_result result, struct caption_vips_image *image) {
    if (work->image) vips.unref(work->image);
    char *message = vips.error_buffer_copy();
    if (message) {
        snprintf(image->message, sizeof image->message, "%s", message);
        vips.g_free(message);
    }
    if (result == CAPTION_VIPS_FAILED && work->is_late) result = CAPTION_VIPS_OUT_OF_TIME;
    vips.thread_shutdown();
    return result;
}

enum caption_vips_result caption_vips_convert(
    const void *bytes, size_t count, const struct caption_vips_order *order, struct caption_vips_image *image) {
    memset(image, 0, sizeof *image);
    struct work work = {NULL, now() + order->seconds, 0};
    enum caption_vips_result result = develop(&work, bytes, count, order);
    if (result == CAPTION_VIPS_DONE && save(&work, order, image)) {
        result = CAPTION_VIPS_FAILED;
        if (image->bytes) vips.g_free(image->bytes);
        image->bytes = NULL;
    }
    return finish(&work, result, image);
}

void caption_vips_free(void *bytes) { vips.g_free(bytes); }

enum caption_vips_result caption_vips_thumbnail(
    const void *bytes, size_t count, const struct caption_vips_order *order, uint8_t *pixels,
    struct caption_vips_image *image) {
    memset(image, 0, sizeof *image);
    struct work work = {NULL, now() + order->seconds, 0};
    enum caption_vips_result result = develop(&work, bytes, count, order);
    if (result == CAPTION_VIPS_DONE) {
        Image *grey = NULL;
        size_t size = 0;
        void *data = NULL;
        const int status = vips.colourspace(work.image, &grey, B_W, NULL);
        if (replace(&work, status, grey) || !(data = vips.write_to_memory(work.image, &size)) || size != (size_t)order->width * order->height)
            result = CAPTION_VIPS_FAILED;
        else
            memcpy(pixels, data, size);
        if (data) vips.g_free(data);
    }
    return finish(&work, result, image);
}

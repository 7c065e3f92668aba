import Captioning

#if Vips
    import CaptioningVips

    /// What prepares images.
    func makeConverter() -> (any ImageConverter)? { VipsConverter() }
#else
    /// What prepares images: nothing in a build without libvips.
    func makeConverter() -> (any ImageConverter)? { nil }
#endif

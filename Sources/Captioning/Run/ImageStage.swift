import Foundation
import SystemPackage

/// Brings an item's images into memory and makes them ready to be sent, within the budget for images.
struct ImageStage: Sendable {
    private let loader = ImageLoader()
    private let preparer: ImagePreparer
    private let fetcher: (any ImageFetcher)?
    private let memory: ImageMemory
    private let store: StoreFiles

    /// What is reserved for a download until its server tells how long it is.
    private static let downloadBytes = 8 << 20

    /// - `fetcher`: What downloads remote images; nil leaves that to the provider.
    init(job: Job, converter: (any ImageConverter)?, fetcher: (any ImageFetcher)?) {
        preparer = ImagePreparer(job: job, converter: converter)
        self.fetcher = job.fetch.place == .local ? fetcher : nil
        memory = ImageMemory(limit: job.imageMemory)
        store = StoreFiles(store: job.store)
    }

    /// Where an item's images are.
    struct Source {
        /// The files, several for a group; empty for a remote image.
        let files: [FilePath]
        /// The address of a remote image.
        let url: String?

        /// Which of several files it is that failed.
        fileprivate func blaming(_ index: Int, for failure: Failure) -> Failure {
            guard files.count > 1 else { return failure }
            var failure = failure
            failure.detail = "\(files[index].string): \(failure.detail)"
            return failure
        }
    }

    /// Images in memory, and the memory.
    struct Held {
        /// The images; empty for one that the provider downloads.
        let images: [LoadedImage]
        let lease: ImageMemory.Lease
    }

    /// Reads the files, or downloads the image where that is done here.
    func load(_ source: Source) async throws(Failure) -> Held {
        guard let url = source.url, let fetcher else { return try await read(source) }
        let lease = await memory.enter(Self.downloadBytes)
        do throws(Failure) {
            let data = try await fetcher.fetch(url) { most in
                if most <= Self.downloadBytes { lease.set(most) } else { await lease.reenter(most) }
            }
            lease.set(data.count)
            return Held(images: [try loader.loaded(data)], lease: lease)
        } catch {
            lease.release()
            throw error
        }
    }

    private func read(_ source: Source) async throws(Failure) -> Held {
        let lease = await memory.enter(source.files.reduce(0) { $0 + loader.byteCount(of: $1) })
        var images: [LoadedImage] = []
        for (index, file) in source.files.enumerated() {
            do throws(Failure) {
                guard !store.contain(file) else {
                    throw Failure(
                        .unreadableImage, label: "file_unreadable",
                        detail: "The file cannot be read: it is the job's own store. Leave it out.")
                }
                images.append(try loader.load(file))
            } catch {
                lease.release()
                throw source.blaming(index, for: error)
            }
        }
        // A file may have changed since its size was asked for.
        lease.set(images.reduce(0) { $0 + $1.data.count })
        return Held(images: images, lease: lease)
    }

    /// What is sent of the images; the lease is given back when one of them cannot be sent.
    func prepare(_ held: Held, from source: Source) async throws(Failure) -> [RequestBuilder.Image] {
        if let url = source.url, held.images.isEmpty { return [.remote(url: url)] }
        var payloads: [ImagePayload] = []
        for (index, image) in held.images.enumerated() {
            do throws(Failure) {
                let payload = try await preparer.prepare(image, within: held.lease)
                held.lease.adjust(by: payload.buffer.count)
                payloads.append(payload)
            } catch {
                held.lease.release()
                throw source.blaming(index, for: error)
            }
        }
        // From now on only what is sent is held, and a piece of it as base64.
        let bytes = payloads.reduce(0) { $0 + $1.buffer.count }
        held.lease.set(bytes + min(Base64.length(of: bytes), Base64.length(of: RequestBody.Chunks.imageBytesPerChunk)))
        return payloads.map { .inline($0) }
    }
}

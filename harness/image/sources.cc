// SPDX-License-Identifier: Apache-2.0
#include "harness/image/sources.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "harness/base/sys.h"
#include "harness/image/digest.h"
#include "harness/image/interrupt.h"

namespace driftcage::image {
namespace {

struct Prefix {
  std::string_view text;
  SourceKind kind;
};
constexpr std::array<Prefix, 7> kPrefixes{{
    {"tar:", SourceKind::Tar},
    {"oci:", SourceKind::OciLayout},
    {"oci-archive:", SourceKind::OciArchive},
    {"docker-archive:", SourceKind::DockerArchive},
    {"docker://", SourceKind::Remote},
    {"docker-daemon:", SourceKind::Remote},
    {"containers-storage:", SourceKind::Remote},
}};

// Splits PATH[:TAG]. A path may hold colons: what exists as a whole has no tag.
void split_tag(std::string_view text, Source& source) {
  std::error_code ignored;
  source.path = text;
  if (source.kind == SourceKind::Tar ||
      std::filesystem::exists(source.path, ignored)) {
    return;
  }
  // The name of an image in a docker archive has a colon of its own.
  const std::size_t slash = text.rfind('/');
  std::size_t colon = text.rfind(':');
  if (source.kind == SourceKind::DockerArchive) {
    colon = text.find(':');
  } else if (slash != std::string_view::npos &&
             colon != std::string_view::npos && colon < slash) {
    return;
  }
  if (colon == std::string_view::npos) return;
  source.path = text.substr(0, colon);
  source.tag = text.substr(colon + 1);
}

// The file whose change means another image.
std::string watched_file(const Source& source) {
  return source.kind == SourceKind::OciLayout ? source.path + "/index.json"
                                              : source.path;
}

// By what a change of the source shows.
base::Result<std::string> state_of(const Source& source) {
  if (source.kind == SourceKind::Remote) return std::string();
  const std::string file = watched_file(source);
  const auto status = base::sys::stat(file);
  if (!status) {
    return base::fail("open image", source.reference, status.error().err,
                      source.kind == SourceKind::OciLayout
                          ? "oci: takes a directory with an index.json"
                          : "it takes the path of an archive");
  }
  return fmt::format(" {}:{} {} {}.{:09} {}.{:09}", status->st_dev,
                     status->st_ino, status->st_size, status->st_mtim.tv_sec,
                     status->st_mtim.tv_nsec, status->st_ctim.tv_sec,
                     status->st_ctim.tv_nsec);
}

base::Status mismatch(const std::string& name, const std::string& what,
                      const std::string& found, const std::string& promised) {
  return base::fail(
      "unpack layer",
      fmt::format("{}: its {} is {}, {} was promised", name, what, found,
                  promised),
      0, "the image is damaged or was tampered with: fetch it again");
}

std::string name_of(const ImageLayer& layer) {
  return layer.digest.empty() ? layer.file : layer.digest;
}

base::Status compare(const ImageLayer& layer, const StreamSummary& summary,
                     bool decoded) {
  const std::string name = name_of(layer);
  if (layer.size != 0 && summary.blob_size != layer.size) {
    return mismatch(name, "size", std::to_string(summary.blob_size),
                    std::to_string(layer.size));
  }
  if (!layer.digest.empty() && summary.blob_digest != layer.digest)
    return mismatch(name, "digest", summary.blob_digest, layer.digest);
  if (decoded && !layer.diff_id.empty() &&
      summary.content_digest != layer.diff_id) {
    return mismatch(name, "DiffID", summary.content_digest, layer.diff_id);
  }
  return {};
}

// A damaged blob shows as any error of the decoder. Its digest tells whether
// the layer was made badly or arrived badly.
base::Error blame(const ImageFiles& files, const ImageLayer& layer,
                  base::Error error) {
  auto source = files.open(layer.file);
  if (!source) return error;
  StreamSummary summary;
  Sha256 hash;
  std::array<char, 65536> buffer{};
  while (true) {
    ssize_t size = 0;
    if (source->offset) {
      const auto left = source->size - summary.blob_size;
      size = ::pread(source->fd->get(), buffer.data(),
                     std::min<std::uint64_t>(left, buffer.size()),
                     static_cast<off_t>(*source->offset + summary.blob_size));
    } else {
      size = ::read(source->fd->get(), buffer.data(), buffer.size());
    }
    if (size <= 0) break;
    hash.add({buffer.data(), static_cast<std::size_t>(size)});
    summary.blob_size += static_cast<std::uint64_t>(size);
  }
  summary.blob_digest = hash.finish();
  const auto compared = compare(layer, summary, false);
  return compared ? error : compared.error();
}

class Unpacking {
 public:
  // `reference` is for errors.
  Unpacking(const std::string& reference, const ImageFiles& files,
            const std::vector<ImageLayer>& layers, const FetchOptions& options)
      : reference_(reference),
        files_(files),
        layers_(layers),
        options_(options) {}

  base::Result<UnpackResult> operator()(const std::string& root,
                                        const IdShift& ids) {
    auto result = unpack(root, ids);
    // The name of a signal stands alone.
    if (!result && result.error().err != EINTR) {
      std::string& object = result.error().object;
      object = reference_ + (object.empty() ? "" : ": ") + object;
    }
    return result;
  }

 private:
  base::Result<UnpackResult> unpack(const std::string& root,
                                    const IdShift& ids) {
    UnpackOptions how;
    how.ids = ids;
    how.budget = options_.budget;
    if (options_.progress) {
      options_.progress(Said::Step,
                        fmt::format("unpacking {} layer{}", layers_.size(),
                                    layers_.size() == 1 ? "" : "s"));
      how.progress = [this](std::uint64_t bytes) { show(bytes); };
    }
    auto unpacker = DRIFTCAGE_TRY(Unpacker::open(root, std::move(how)));
    for (const ImageLayer& layer : layers_) {
      ++layer_;
      BlobSource source = DRIFTCAGE_TRY(files_.open(layer.file));
      source.name = name_of(layer);
      auto summary = unpacker.add_layer(std::move(source));
      if (!summary && noted_signal() != 0)
        return tl::make_unexpected(std::move(summary).error());
      if (!summary) {
        return tl::make_unexpected(
            blame(files_, layer, std::move(summary).error()));
      }
      DRIFTCAGE_CHECK_OK(compare(layer, *summary, true));
    }
    return unpacker.finish();
  }

  void show(std::uint64_t bytes) {
    bytes_ += bytes;
    const std::uint64_t megabytes = bytes_ >> 20;
    if (megabytes < shown_ + 16) return;
    shown_ = megabytes;
    options_.progress(Said::Detail,
                      fmt::format("unpacking layer {} of {}, {} MB", layer_,
                                  layers_.size(), megabytes));
  }

  const std::string& reference_;
  const ImageFiles& files_;
  const std::vector<ImageLayer>& layers_;
  const FetchOptions& options_;
  std::size_t layer_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t shown_ = 0;
};

// A plain file system: one layer, known by the archive's digest.
base::Result<ProvidedImage> provide_tar(const Store& store,
                                        const Source& source,
                                        const FetchOptions& options,
                                        StoredImage image) {
  const FileDigest found = DRIFTCAGE_TRY(digest_file(source.path));
  const std::filesystem::path path(source.path);
  const auto files =
      DRIFTCAGE_TRY(ImageFiles::open_directory(path.parent_path().string()));
  image.layers = {{path.filename().string(),
                   found.digest,
                   found.size,
                   "application/x-tar",
                   {}}};
  image.chain = digest_of("tar " + found.digest);
  Unpacking unpacking(source.reference, files, image.layers, options);
  ProvidedImage provided;
  provided.tree = DRIFTCAGE_TRY(
      store.ensure(image.chain, std::ref(unpacking), options.progress));
  provided.image = std::move(image);
  provided.fetched = true;
  DRIFTCAGE_CHECK_OK(store.put(provided.image));
  return provided;
}

// What StoredImage::source_state says: for which platform the image was chosen,
// and how its source was. Nothing when it does not run here, as in a store that
// machines share.
struct State {
  Platform platform;
  std::string place;
  bool operator==(const State&) const = default;
};

std::optional<State> read_state(const std::string& text) {
  const std::size_t blank = std::min(text.find(' '), text.size());
  auto platform = parse_platform(text.substr(0, blank));
  if (!platform) return std::nullopt;
  return State{*std::move(platform), text.substr(blank)};
}

base::Result<ImageFiles> open_files(const Store& store, const Source& source) {
  switch (source.kind) {
    case SourceKind::OciLayout:
      return ImageFiles::open_directory(source.path);
    case SourceKind::Remote:
      return ImageFiles::open_directory(store.folder(), store.blobs());
    default:
      return ImageFiles::open_archive(source.path, store.folder() + "/tmp");
  }
}

base::Result<ImageContent> read_content(const Store& store,
                                        const Source& source,
                                        const ImageFiles& files,
                                        const FetchOptions& options) {
  const ImageChoice choice{source.reference, source.tag,
                           options.platform.value_or(Platform{})};
  switch (source.kind) {
    case SourceKind::Remote:
      return pull_image(store, source, options);
    case SourceKind::DockerArchive:
      return read_docker_archive(files, choice);
    default:
      return read_oci_layout(files, choice);
  }
}

}  // namespace

base::Result<std::optional<Source>> parse_source(const std::string& reference) {
  for (const Prefix& prefix : kPrefixes) {
    if (!reference.starts_with(prefix.text)) continue;
    Source source;
    source.kind = prefix.kind;
    source.reference = reference;
    source.key = reference;
    const std::string rest = reference.substr(prefix.text.size());
    if (rest.empty()) {
      return base::fail("open image", reference, EINVAL,
                        "something must follow " + std::string(prefix.text));
    }
    if (prefix.kind == SourceKind::Remote) return std::optional(source);
    split_tag(rest, source);
    std::error_code code;
    // What is gone still has a record; state_of() misses it where it matters.
    const auto absolute = std::filesystem::absolute(source.path, code);
    const auto path =
        code ? absolute : std::filesystem::weakly_canonical(absolute, code);
    if (code) {
      return base::fail("open image", reference, code.value(),
                        "it takes the path of a file or directory");
    }
    source.path = path.string();
    source.key = std::string(prefix.text) + source.path + ":" + source.tag;
    return std::optional(std::move(source));
  }
  return std::optional<Source>();
}

base::Result<ProvidedImage> provide_image(const Store& store,
                                          const Source& source,
                                          const FetchOptions& given) {
  auto known = DRIFTCAGE_TRY(store.record(source.key));
  const auto before = known ? read_state(known->source_state) : std::nullopt;
  // A platform that was chosen stays until another one is.
  State state;
  if (given.platform) {
    state.platform = *given.platform;
  } else if (before) {
    state.platform = before->platform;
  }
  state.place = DRIFTCAGE_TRY(state_of(source));
  FetchOptions options = given;
  options.platform = state.platform;
  if (known && (options.refresh || before != state)) known.reset();
  if (known) {
    if (auto tree = DRIFTCAGE_TRY(store.find(known->chain))) {
      return ProvidedImage{*std::move(known), *std::move(tree), false};
    }
  }
  StoredImage image;
  image.reference = source.key;
  image.source_state = state.platform.text() + state.place;
  if (source.kind == SourceKind::Tar)
    return provide_tar(store, source, options, std::move(image));

  const auto fetching = source.kind == SourceKind::Remote
                            ? DRIFTCAGE_TRY(store.keep_blobs())
                            : nullptr;
  const ImageFiles files = DRIFTCAGE_TRY(open_files(store, source));
  ImageContent content =
      DRIFTCAGE_TRY(read_content(store, source, files, options));
  image.chain = content.chain();
  image.manifest = std::move(content.manifest);
  image.config = std::move(content.config);
  image.layers = std::move(content.layers);
  if (source.kind == SourceKind::Remote) {
    image.blobs = {image.manifest, content.config_digest};
    for (const ImageLayer& layer : image.layers)
      image.blobs.push_back(layer.digest);
  }
  Unpacking unpacking(source.reference, files, image.layers, options);
  ProvidedImage provided;
  provided.tree = DRIFTCAGE_TRY(
      store.ensure(image.chain, std::ref(unpacking), options.progress));
  provided.image = std::move(image);
  provided.fetched = true;
  DRIFTCAGE_CHECK_OK(store.put(provided.image));
  return provided;
}

}  // namespace driftcage::image

// SPDX-License-Identifier: Apache-2.0
#include "harness/run/trace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>
#include <variant>

#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"
#include "harness/wire/codec.h"

namespace driftcage::run {

base::Result<TraceFile> TraceFile::create(std::string file,
                                          std::uint64_t max_bytes) {
  TraceFile trace;
  trace.fd_ =
      DRIFTCAGE_TRY(base::sys::open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  trace.file_ = std::move(file);
  trace.max_bytes_ = max_bytes;
  return trace;
}

base::Status TraceFile::add(std::string_view bytes) {
  cut_ = cut_ || bytes.size() > max_bytes_ - size_;
  if (cut_) return {};
  size_ += bytes.size();
  hash_.add(bytes);
  return base::sys::write_all(fd_.get(), bytes, file_);
}

base::Status TraceFile::seal() {
  std::string bytes;
  wire::encode(wire::Seal{hash_.finish()}, bytes);
  return base::sys::write_all(fd_.get(), bytes, file_);
}

base::Status read_trace(const std::string& file,
                        const std::function<bool(const wire::Record&)>& take) {
  const base::UniqueFd fd =
      DRIFTCAGE_TRY(base::sys::open(file, O_RDONLY | O_CLOEXEC));
  wire::Decoder decoder;
  image::Sha256 hash;
  std::string buffer(1u << 18, '\0');
  bool ended = false;
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::fail(kReadTrace, file, errno);
    if (count == 0) {
      if (!ended) return {};
      return base::fail(kReadTrace, file, 0,
                        "it is cut off: its checksum is missing");
    }
    decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
    while (true) {
      const auto record = decoder.next();
      if (!record) {
        return base::fail(kReadTrace, file, 0,
                          "it is damaged, or of another driftcage: " +
                              record.error().message());
      }
      if (!*record) break;
      if (const auto* seal = std::get_if<wire::Seal>(&**record)) {
        if (hash.finish() == seal->digest) return {};
        return base::fail(kReadTrace, file, 0,
                          "it is damaged: its checksum is another");
      }
      hash.add(decoder.last());
      ended = std::holds_alternative<wire::End>(**record);
      if (!take(**record)) return {};
    }
  }
}

}  // namespace driftcage::run

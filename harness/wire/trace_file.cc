// SPDX-License-Identifier: Apache-2.0
#include "harness/wire/trace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"
#include "harness/wire/codec.h"

namespace driftcage::wire {

base::Status read_trace(const std::string& file,
                        const std::function<bool(const Record&)>& take) {
  const base::UniqueFd fd =
      DRIFTCAGE_TRY(base::sys::open(file, O_RDONLY | O_CLOEXEC));
  Decoder decoder;
  std::string buffer(1u << 18, '\0');
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::fail("read trace", file, errno);
    if (count == 0) return {};
    decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
    while (true) {
      const auto record = decoder.next();
      if (!record) {
        return base::fail("read trace", file, 0,
                          "it is damaged, or of another driftcage: " +
                              record.error().message());
      }
      if (!*record) break;
      if (!take(**record)) return {};
    }
  }
}

}  // namespace driftcage::wire

// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/tracee_memory.h"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "harness/base/unique_fd.h"

namespace driftcage::trace::memory {
namespace {

constexpr std::size_t kPage = 4096;  // the smallest page there is

// Nearly every path is shorter; copying a page for it costs more than reading
// the rest of a long one in a second step.
constexpr std::size_t kUsualString = 192;

// An address is a number here: it means nothing in the tracer's own memory.
void* remote(std::uint64_t address) {
  void* pointer = nullptr;
  static_assert(sizeof(pointer) == sizeof(address));
  std::memcpy(&pointer, &address, sizeof(pointer));
  return pointer;
}

ssize_t read_by_file(pid_t tid, std::uint64_t address, void* to,
                     std::size_t size) {
  const std::string path = "/proc/" + std::to_string(tid) + "/mem";
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return -1;
  return pread(fd.get(), to, size, static_cast<off_t>(address));
}

// One request inside one page: it succeeds as a whole or not at all.
bool read_piece(const Source& source, std::uint64_t address, void* to,
                std::size_t size) {
  const auto all = static_cast<ssize_t>(size);
  if (source.file >= 0 &&
      pread(source.file, to, size, static_cast<off_t>(address)) == all) {
    return true;
  }
  const iovec local{to, size};
  const iovec there{remote(address), size};
  if (process_vm_readv(source.tid, &local, 1, &there, 1, 0) == all) return true;
  // Refused too where the tracee may write or execute and not read, which does
  // not keep the kernel from reading there.
  return source.file < 0 && read_by_file(source.tid, address, to, size) == all;
}

std::size_t to_page_end(std::uint64_t address) {
  return kPage - static_cast<std::size_t>(address % kPage);
}

}  // namespace

bool read(const Source& source, std::uint64_t address, void* to,
          std::size_t size) {
  char* at = static_cast<char*>(to);
  while (size > 0) {
    const std::size_t piece = std::min(size, to_page_end(address));
    if (!read_piece(source, address, at, piece)) return false;
    at += piece;
    address += piece;
    size -= piece;
  }
  return true;
}

bool write(const Source& source, std::uint64_t address, const void* from,
           std::size_t size) {
  const iovec local{const_cast<void*>(from), size};
  const iovec there{remote(address), size};
  if (process_vm_writev(source.tid, &local, 1, &there, 1, 0) ==
      static_cast<ssize_t>(size)) {
    return true;
  }
  // Constants lie in memory that only a tracer's own request may write to.
  std::array<unsigned char, sizeof(long)> word{};
  const auto* bytes = static_cast<const unsigned char*>(from);
  for (std::size_t at = 0; at < size; at += word.size()) {
    const std::size_t piece = std::min(word.size(), size - at);
    if (!read(source, address + at, word.data(), word.size())) return false;
    std::memcpy(word.data(), bytes + at, piece);
    long value = 0;
    std::memcpy(&value, word.data(), word.size());
    if (::ptrace(PTRACE_POKEDATA, source.tid, remote(address + at), value) != 0)
      return false;
  }
  return true;
}

bool read_string(const Source& source, std::uint64_t address, std::string& out,
                 std::size_t limit) {
  out.clear();
  std::array<char, kPage> page;
  while (out.size() < limit) {
    const std::size_t most = out.empty() ? kUsualString : kPage;
    const std::size_t piece =
        std::min({limit - out.size(), to_page_end(address), most});
    if (!read_piece(source, address, page.data(), piece)) return false;
    const std::string_view bytes(page.data(), piece);
    const std::size_t end = bytes.find('\0');
    out.append(bytes.substr(0, end));
    if (end != std::string_view::npos) return true;
    address += piece;
  }
  return true;
}

ArrayRead read_string_array(const Source& source, std::uint64_t address,
                            bool wide, std::vector<std::string>& out) {
  out.clear();
  if (address == 0) return ArrayRead::Complete;
  const std::size_t width = wide ? 8 : 4;
  std::array<unsigned char, kPage> page;
  std::size_t total = 0;
  while (true) {
    const std::size_t piece = to_page_end(address) / width * width;
    // A pointer that straddles two pages is read on its own.
    const std::size_t bytes = piece == 0 ? width : piece;
    if (!read(source, address, page.data(), bytes))
      return ArrayRead::Unreadable;
    for (std::size_t at = 0; at < bytes; at += width) {
      std::uint64_t pointer = 0;
      std::memcpy(&pointer, page.data() + at, width);
      if (pointer == 0) return ArrayRead::Complete;
      std::string& text = out.emplace_back();
      if (!read_string(source, pointer, text, kMaxArrayString))
        return ArrayRead::Unreadable;
      total += text.size() + 1;
      if (total > kMaxArrayBytes) return ArrayRead::Cut;
    }
    address += bytes;
  }
}

}  // namespace driftcage::trace::memory

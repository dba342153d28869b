// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/visitor.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"
#include "harness/wire/call.h"

namespace driftcage::cell {
namespace {

int nobody_there(const base::Error& error) {
  const std::string text =
      "driftcage: nobody listens outside: " + error.message() + "\n";
  static_cast<void>(base::sys::write_all(STDERR_FILENO, text, "stderr"));
  return 1;
}

base::Result<base::UniqueFd> knock(const std::string& door) {
  struct ::sockaddr_un address {};
  address.sun_family = AF_UNIX;
  if (door.size() >= sizeof address.sun_path) {
    return base::fail("connect", door, ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, door.data(), door.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail("socket", {}, errno);
  if (::connect(fd.get(), reinterpret_cast<struct ::sockaddr*>(&address),
                sizeof address) != 0) {
    return base::fail("connect", door, errno);
  }
  return fd;
}

wire::Call call_of(std::vector<std::string> words) {
  wire::Call call;
  call.words = std::move(words);
  for (char** item = environ; *item != nullptr; ++item) {
    call.environment.emplace_back(*item);
  }
  std::array<char, 4096> directory{};
  if (::getcwd(directory.data(), directory.size()) != nullptr) {
    call.directory = directory.data();
  }
  call.umask = ::umask(022);
  return call;
}

}  // namespace

int visit(const std::string& door, std::vector<std::string> words) {
  const auto fd = knock(door);
  if (!fd) return nobody_there(fd.error());
  const std::string bytes = wire::encode_call(call_of(std::move(words)));
  if (auto sent = base::sys::write_all(fd->get(), bytes, door); !sent) {
    return nobody_there(sent.error());
  }
  ::shutdown(fd->get(), SHUT_WR);
  // The last byte is no text, so one is always held back.
  std::string held;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t size = ::read(fd->get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    held.append(buffer.data(), static_cast<std::size_t>(size));
    const std::string_view text(held.data(), held.size() - 1);
    if (!base::sys::write_all(STDOUT_FILENO, text, "stdout")) return 1;
    held.erase(0, held.size() - 1);
  }
  if (held.empty()) return nobody_there({"read answer", door, 0, ""});
  return static_cast<unsigned char>(held.front());
}

}  // namespace driftcage::cell

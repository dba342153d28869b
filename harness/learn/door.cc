// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/door.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::learn {
namespace {

// A visitor sends its call in one go.
constexpr struct ::timeval kPatience { 0, 300'000 };

void be_patient(int fd) {
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    ::setsockopt(fd, SOL_SOCKET, option, &kPatience, sizeof kPatience);
  }
}

// The loop serves nobody else meanwhile, so all of the call has one deadline.
std::optional<std::string> read_call(int fd) {
  constexpr std::uint64_t kWhole = 1'000'000'000;
  const std::uint64_t end = base::sys::monotonic_ns() + kWhole;
  std::string bytes;
  std::array<char, 1u << 16> buffer{};
  while (bytes.size() <= wire::kMaxCall && base::sys::monotonic_ns() < end) {
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return std::nullopt;
}

}  // namespace

bool Visitor::say(std::string_view text) {
  while (fd_ && !text.empty()) {
    const ssize_t size =
        ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) fd_.reset();
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
  return static_cast<bool>(fd_);
}

void Visitor::dismiss(int status) {
  const char last = static_cast<char>(status);
  say({&last, 1});
  fd_.reset();
}

base::Result<Door> Door::open() {
  Door door;
  std::string name = "/tmp/driftcage-learn-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    return base::fail("make folder", name, errno);
  }
  door.outer_ = name;
  // The cage's user may be another one outside, too.
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(door.folder(), 0755));
  struct ::sockaddr_un address {};
  address.sun_family = AF_UNIX;
  const std::string at = door.socket();
  std::memcpy(address.sun_path, at.data(), at.size());
  door.fd_.reset(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!door.fd_) return base::fail("socket", {}, errno);
  if (::bind(door.fd_.get(), reinterpret_cast<struct ::sockaddr*>(&address),
             sizeof address) != 0) {
    return base::fail("bind", at, errno);
  }
  if (::chmod(at.c_str(), 0666) != 0) return base::fail("chmod", at, errno);
  if (::chmod(door.folder().c_str(), 0755) != 0) {
    return base::fail("chmod", door.folder(), errno);
  }
  if (::listen(door.fd_.get(), 16) != 0) return base::fail("listen", at, errno);
  return door;
}

Door::Door(Door&& other) noexcept
    : outer_(std::exchange(other.outer_, {})), fd_(std::move(other.fd_)) {}

Door::~Door() {
  if (outer_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(outer_, ignored);
}

std::shared_ptr<Visitor> Door::accept() {
  base::UniqueFd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd) return nullptr;
  be_patient(fd.get());
  struct ::ucred peer {};
  ::socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return nullptr;
  }
  const auto bytes = read_call(fd.get());
  if (!bytes) return nullptr;
  auto call = wire::decode_call(*bytes);
  if (!call) return nullptr;
  return std::make_shared<Visitor>(std::move(fd), *std::move(call), peer.pid);
}

}  // namespace driftcage::learn

// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/nursery.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>

#include "harness/base/unique_fd.h"
#include "harness/cell/cell.h"
#include "harness/wire/nursery.h"

namespace driftcage::cell {
namespace {

using Descriptors = std::array<base::UniqueFd, wire::kNurseryDescriptors>;

// None when the runner has closed its side, or sent something else.
std::optional<Descriptors> receive_request(int socket) {
  char byte = 0;
  iovec piece{&byte, 1};
  alignas(cmsghdr)
      std::array<char, CMSG_SPACE(sizeof(int) * wire::kNurseryDescriptors)>
          control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (size != 1 || head == nullptr || head->cmsg_type != SCM_RIGHTS ||
      head->cmsg_len != CMSG_LEN(sizeof(int) * wire::kNurseryDescriptors)) {
    return std::nullopt;
  }
  std::array<int, wire::kNurseryDescriptors> numbers{};
  std::memcpy(numbers.data(), CMSG_DATA(head), sizeof numbers);
  Descriptors descriptors;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    descriptors[i].reset(numbers[i]);
  }
  return descriptors;
}

// Gives the descriptors the numbers that a cell has them under. They are first
// moved out of the way of these numbers.
bool settle(const Descriptors& descriptors) {
  constexpr int kHigh = 16;
  std::array<int, wire::kNurseryDescriptors> high{};
  for (std::size_t i = 0; i < high.size(); ++i) {
    high[i] = ::fcntl(descriptors[i].get(), F_DUPFD, kHigh);
    if (high[i] < 0) return false;
  }
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) return false;
  return ::dup2(high[wire::kNurseryOut], STDOUT_FILENO) >= 0 &&
         ::dup2(high[wire::kNurseryErr], STDERR_FILENO) >= 0 &&
         ::dup2(high[wire::kNurserySpec], kSpecFd) >= 0 &&
         ::dup2(high[wire::kNurseryEvents], kTraceFd) >= 0 &&
         ::close_range(kTraceFd + 1, ~0u, 0) == 0;
}

// A child of the runner, which waits for it as if it had started it.
long clone_cell() {
  return ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr,
                   0);
}

}  // namespace

bool serve_nursery(int socket) {
  if (::send(socket, &wire::kNurseryReady, 1, MSG_NOSIGNAL) != 1) return false;
  while (true) {
    auto request = receive_request(socket);
    if (!request) return false;
    const long pid = clone_cell();
    if (pid == 0) {
      if (::setpgid(0, 0) != 0 || !settle(*request)) ::_exit(1);
      // The numbers are the cell's now, or closed.
      for (base::UniqueFd& fd : *request) static_cast<void>(fd.release());
      return true;
    }
    const std::int32_t answer =
        static_cast<std::int32_t>(pid > 0 ? pid : -static_cast<long>(errno));
    if (::send(socket, &answer, sizeof answer, MSG_NOSIGNAL) !=
        static_cast<ssize_t>(sizeof answer)) {
      return false;
    }
  }
}

}  // namespace driftcage::cell

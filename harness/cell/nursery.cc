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

// None when the runner has closed its side, or sent something else: then the
// nursery ends, and with it whatever came.
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
  if (size != 1 || head == nullptr || head->cmsg_level != SOL_SOCKET ||
      head->cmsg_type != SCM_RIGHTS ||
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

bool answer(int socket, long value) {
  const auto number = static_cast<std::int32_t>(value);
  return ::send(socket, &number, sizeof number, MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sizeof number);
}

// Makes the new process a cell: gives the descriptors the numbers that a cell
// has them under, after all were moved out of the way of these. 0 or an errno
// value, told to the runner, too.
int settle(int socket, const Descriptors& descriptors) {
  constexpr int kAbove = kTraceFd + 1;
  std::array<int, wire::kNurseryDescriptors> high{};
  const int told = ::fcntl(socket, F_DUPFD_CLOEXEC, kAbove);
  if (told < 0) return errno;
  const auto done = [&] {
    if (::setpgid(0, 0) != 0) return false;
    for (std::size_t i = 0; i < high.size(); ++i) {
      high[i] = ::fcntl(descriptors[i].get(), F_DUPFD_CLOEXEC, kAbove);
      if (high[i] < 0) return false;
    }
    return ::dup2(high[wire::kNurseryOut], STDOUT_FILENO) >= 0 &&
           ::dup2(high[wire::kNurseryErr], STDERR_FILENO) >= 0 &&
           ::dup2(high[wire::kNurserySpec], kSpecFd) >= 0 &&
           ::dup2(high[wire::kNurseryEvents], kTraceFd) >= 0;
  }();
  const int err = done ? 0 : errno;
  if (!answer(told, done ? ::getpid() : -static_cast<long>(err))) return EPIPE;
  // A cell closes everything above its own descriptors itself.
  ::close(told);
  return err;
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
      if (settle(socket, *request) != 0) ::_exit(1);
      // The numbers are the cell's now, or closed.
      for (base::UniqueFd& fd : *request) static_cast<void>(fd.release());
      return true;
    }
    if (pid < 0 && !answer(socket, -static_cast<long>(errno))) return false;
  }
}

}  // namespace driftcage::cell

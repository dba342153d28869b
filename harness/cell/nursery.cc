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
#include <utility>

#include "harness/base/scheduling.h"
#include "harness/base/unique_fd.h"
#include "harness/cell/cell.h"
#include "harness/wire/nursery.h"

namespace driftcage::cell {
namespace {

// Above the numbers that a cell has its own descriptors under.
constexpr int kAbove = kSocketsFd + 1;

struct Request {
  std::array<base::UniqueFd, wire::kNurseryDescriptors> descriptors;
  unsigned slot = 0;
};

// Network namespaces, one for each slot: cells of one slot use it one after the
// other. Its loopback is down, and only the user that made it, whom no cage has
// power over, can change anything in it. Counters stay; so can a socket, for
// some time: cage::Cage looks.
class Networks {
 public:
  // Makes those of the slots up to `slot`.
  void make_up_to(unsigned slot);
  // None where none can be had, as for users without privileges.
  [[nodiscard]] cage::IdleNetwork of(unsigned slot) const {
    if (slot >= networks_.size()) return {};
    return {networks_[slot].network.get(), networks_[slot].sockets.get()};
  }

 private:
  struct Network {
    base::UniqueFd network;
    base::UniqueFd sockets;
  };
  bool make(Network& network);

  base::UniqueFd home_;
  std::array<Network, wire::kNurserySlots> networks_;
  bool refused_ = false;
};

// What a spare closes must not have a number that a cell's descriptor gets.
base::UniqueFd raised(int fd) {
  const base::UniqueFd low(fd);
  return base::UniqueFd(::fcntl(low.get(), F_DUPFD_CLOEXEC, kAbove));
}

base::UniqueFd open_raised(const char* path) {
  return raised(::open(path, O_RDONLY | O_CLOEXEC));
}

bool Networks::make(Network& network) {
  if (!home_) home_ = open_raised("/proc/self/ns/net");
  // Root of a user namespace that is younger than its network namespace could
  // leave that, and not come back.
  if (!home_ || ::setns(home_.get(), CLONE_NEWNET) != 0 ||
      ::unshare(CLONE_NEWNET) != 0) {
    return false;
  }
  network = {open_raised("/proc/self/ns/net"),
             open_raised("/proc/self/net/sockstat")};
  // Cells that want the host's network must find it here.
  if (::setns(home_.get(), CLONE_NEWNET) != 0) ::_exit(1);
  if (network.network && network.sockets) return true;
  network = {};
  return false;
}

void Networks::make_up_to(unsigned slot) {
  for (unsigned i = 0; i < networks_.size() && i <= slot; ++i) {
    if (!networks_[i].network && !refused_) refused_ = !make(networks_[i]);
  }
}

// None when the runner has closed its side, or sent something else.
std::optional<Request> receive_request(int socket) {
  std::uint8_t byte = 0;
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
  Request request;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    request.descriptors[i].reset(numbers[i]);
  }
  request.slot = byte;
  return request;
}

bool announce(int socket, long value) {
  const auto number = static_cast<std::int32_t>(value);
  return ::send(socket, &number, sizeof number, MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sizeof number);
}

// Gives the descriptors the numbers that a cell has them under, after all were
// moved out of the way of these. A cell closes what is above itself.
bool settle(const Request& request, const cage::IdleNetwork& idle) {
  std::array<int, wire::kNurseryDescriptors> high{};
  for (std::size_t i = 0; i < high.size(); ++i) {
    high[i] = ::fcntl(request.descriptors[i].get(), F_DUPFD_CLOEXEC, kAbove);
    if (high[i] < 0) return false;
  }
  return ::dup2(high[wire::kNurseryOut], STDOUT_FILENO) >= 0 &&
         ::dup2(high[wire::kNurseryErr], STDERR_FILENO) >= 0 &&
         ::dup2(high[wire::kNurserySpec], kSpecFd) >= 0 &&
         ::dup2(high[wire::kNurseryEvents], kTraceFd) >= 0 &&
         (idle.network < 0 ||
          (::dup3(idle.network, kNetworkFd, O_CLOEXEC) >= 0 &&
           ::dup3(idle.sockets, kSocketsFd, O_CLOEXEC) >= 0));
}

// The life of a spare until it is a cell; `taken` is where it says so. Its
// network, if any, has a cell's numbers.
cage::IdleNetwork wait_for_request(int socket, const Networks& networks,
                                   base::UniqueFd taken) {
  if (::setpgid(0, 0) != 0 || !announce(socket, ::getpid())) ::_exit(1);
  auto request = receive_request(socket);
  if (!request) ::_exit(0);
  const std::uint8_t slot = request->slot;
  if (::write(taken.get(), &slot, 1) != 1) ::_exit(1);
  taken.reset();
  const cage::IdleNetwork idle = networks.of(slot);
  if (!settle(*request, idle)) ::_exit(1);
  // The numbers are the cell's now, or closed.
  for (base::UniqueFd& fd : request->descriptors) {
    static_cast<void>(fd.release());
  }
  if (idle.network < 0) return {};
  return {kNetworkFd, kSocketsFd};
}

// A child of the runner, which waits for it as if it had started it.
long clone_cell() {
  return ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr,
                   0);
}

}  // namespace

std::optional<cage::IdleNetwork> serve_nursery(int socket) {
  if (::send(socket, &wire::kNurseryReady, 1, MSG_NOSIGNAL) != 1) return {};
  base::wake_soon();
  Networks networks;
  std::uint8_t slot = 0;
  while (true) {
    // Slots are given out in order: the next one is new at most by one.
    networks.make_up_to(slot + 1u);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    const base::UniqueFd taken = raised(ends[0]);
    base::UniqueFd take = raised(ends[1]);
    if (!taken || !take) return {};
    const long pid = clone_cell();
    if (pid == 0) return wait_for_request(socket, networks, std::move(take));
    take.reset();
    if (pid < 0) {
      static_cast<void>(announce(socket, -static_cast<long>(errno)));
      return {};
    }
    ssize_t size = 0;
    do {
      size = ::read(taken.get(), &slot, 1);
    } while (size < 0 && errno == EINTR);
    if (size != 1) return {};
  }
}

}  // namespace driftcage::cell

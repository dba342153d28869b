// SPDX-License-Identifier: Apache-2.0
#include "harness/run/nursery.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "harness/base/sys.h"
#include "harness/wire/nursery.h"

namespace driftcage::run {
namespace {

// For a process that only forks: one that takes longer does not answer at all.
// Everything else waits meanwhile, once.
constexpr int kPatienceMs = 1'000;

// One message, which must be of that size.
base::Status receive(int socket, void* into, std::size_t size) {
  pollfd ready{socket, POLLIN, 0};
  int count = 0;
  do {
    count = ::poll(&ready, 1, kPatienceMs);
  } while (count < 0 && errno == EINTR);
  if (count == 0) return base::fail("ask nursery", {}, ETIMEDOUT);
  const ssize_t got = count < 0 ? -1 : ::recv(socket, into, size, 0);
  if (got < 0) return base::fail("ask nursery", {}, errno);
  if (got != static_cast<ssize_t>(size)) {
    return base::fail("ask nursery", {}, EPIPE);
  }
  return {};
}

// Of a child of ours.
void end(pid_t pid) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

base::Status send_request(
    int socket, std::uint8_t slot,
    const std::array<int, wire::kNurseryDescriptors>& numbers) {
  iovec piece{&slot, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof numbers)> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof numbers);
  std::memcpy(CMSG_DATA(head), numbers.data(), sizeof numbers);
  ssize_t size = 0;
  do {
    size = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  if (size != 1) return base::fail("ask nursery", {}, errno);
  return {};
}

}  // namespace

base::Result<Nursery> Nursery::start(const std::string& program) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) !=
      0) {
    return base::fail("socketpair", {}, errno);
  }
  base::UniqueFd ours(pair[0]);
  base::UniqueFd theirs = DRIFTCAGE_TRY(raised(base::UniqueFd(pair[1])));
  // The runner's own streams are none of its business.
  base::UniqueFd opened = DRIFTCAGE_TRY(base::sys::open("/dev/null", O_RDWR));
  const base::UniqueFd null = DRIFTCAGE_TRY(raised(std::move(opened)));
  const pid_t pid =
      DRIFTCAGE_TRY(spawn_program({program, wire::kNurseryWord},
                                  {{null.get(), STDIN_FILENO},
                                   {null.get(), STDOUT_FILENO},
                                   {null.get(), STDERR_FILENO},
                                   {theirs.get(), wire::kNurserySocket}},
                                  false));
  Nursery nursery(pid, std::move(ours));
  nursery.mute_ = true;
  char ready = 0;
  // The other side must be nobody's but the child's, or its end goes unseen.
  theirs.reset();
  DRIFTCAGE_CHECK_OK(receive(nursery.socket_.get(), &ready, 1));
  if (ready != wire::kNurseryReady) {
    return base::fail("start nursery", program, EPROTO);
  }
  nursery.mute_ = false;
  return nursery;
}

Nursery::Nursery(Nursery&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      socket_(std::move(other.socket_)),
      spare_(std::exchange(other.spare_, -1)),
      mute_(other.mute_) {}

Nursery::~Nursery() {
  if (pid_ < 0) return;
  // The spare ends on this, which has announced itself before, and with it the
  // nursery. One that did not answer is not asked again.
  if (mute_) ::kill(pid_, SIGKILL);
  ::shutdown(socket_.get(), SHUT_WR);
  std::int32_t announced = 0;
  while (receive(socket_.get(), &announced, sizeof announced)) {
    if (spare_ > 0) end(spare_);
    spare_ = announced;
  }
  end(pid_);
  if (spare_ > 0) end(spare_);
}

base::Result<Spawned> Nursery::spawn(std::uint8_t slot, int cpu) {
  Pipes pipes = DRIFTCAGE_TRY(make_pipes(Stdio::Capture));
  std::int32_t announced = 0;
  mute_ = true;
  DRIFTCAGE_CHECK_OK(receive(socket_.get(), &announced, sizeof announced));
  mute_ = false;
  if (announced <= 0) return base::fail("fork helper", {}, -announced);
  spare_ = announced;
  pin(spare_, cpu);
  DRIFTCAGE_CHECK_OK(
      send_request(socket_.get(), slot,
                   {pipes.spec.read.get(), pipes.events.write.get(),
                    pipes.out.write.get(), pipes.err.write.get()}));
  return keep_ours(std::move(pipes), std::exchange(spare_, -1));
}

}  // namespace driftcage::run

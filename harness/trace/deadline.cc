// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/deadline.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace driftcage::trace {
namespace {

// Handlers reach only these. Set before the signals are let through.
std::atomic<int> g_pidfd{-1};
std::atomic<pid_t> g_payload{0};
std::atomic<int> g_cancel_fd{-1};
std::atomic<bool> g_timed_out{false};
std::atomic<bool> g_cancelled{false};
static_assert(std::atomic<int>::is_always_lock_free);

void kill_target() {
  const int saved = errno;
  if (g_pidfd >= 0) {
    syscall(SYS_pidfd_send_signal, g_pidfd.load(), SIGKILL, nullptr, 0);
  } else if (g_payload > 0) {
    kill(g_payload, SIGKILL);
  }
  errno = saved;
}

bool is_ready(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) > 0;
}

void on_alarm(int) {
  g_timed_out = true;
  kill_target();
}

void on_io(int) {
  // SIGIO also tells of things that are no reason to stop.
  const int saved = errno;
  const bool ready = is_ready(g_cancel_fd);
  errno = saved;
  if (!ready) return;
  g_cancelled = true;
  kill_target();
}

}  // namespace

base::Status Deadline::arm(const Target& target, std::uint64_t timeout_ns,
                           int cancel_fd) {
  g_pidfd = target.pidfd;
  g_payload = target.payload;
  g_cancel_fd = cancel_fd;
  g_timed_out = false;
  g_cancelled = false;

  struct sigaction action {};
  sigfillset(&action.sa_mask);  // and no SA_RESTART: wait must come back
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, &old_alarm_);
  action.sa_handler = on_io;
  sigaction(SIGIO, &action, &old_io_);
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGALRM);
  sigaddset(&both, SIGIO);
  sigprocmask(SIG_UNBLOCK, &both, &old_mask_);
  armed_ = true;

  if (timeout_ns > 0) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGALRM;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0)
      return base::fail("timer_create", {}, errno);
    timer_made_ = true;
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(timeout_ns / 1'000'000'000);
    when.it_value.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
    if (timer_settime(timer_, 0, &when, nullptr) != 0)
      return base::fail("timer_settime", {}, errno);
  }
  if (cancel_fd >= 0) {
    if (fcntl(cancel_fd, F_SETOWN, getpid()) != 0)
      return base::fail("fcntl", "F_SETOWN", errno);
    const int flags = fcntl(cancel_fd, F_GETFL);
    if (flags < 0 || fcntl(cancel_fd, F_SETFL, flags | O_ASYNC) != 0)
      return base::fail("fcntl", "O_ASYNC", errno);
    cancel_fd_ = cancel_fd;
    // What came before O_ASYNC was set raises no signal.
    if (is_ready(cancel_fd)) on_io(SIGIO);
  }
  return {};
}

Deadline::~Deadline() {
  if (!armed_) return;
  if (timer_made_) timer_delete(timer_);
  if (cancel_fd_ >= 0) {
    const int flags = fcntl(cancel_fd_, F_GETFL);
    if (flags >= 0) fcntl(cancel_fd_, F_SETFL, flags & ~O_ASYNC);
  }
  g_pidfd = -1;
  g_payload = 0;
  sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
  sigaction(SIGALRM, &old_alarm_, nullptr);
  sigaction(SIGIO, &old_io_, nullptr);
}

bool Deadline::timed_out() { return g_timed_out; }
bool Deadline::cancelled() { return g_cancelled; }

}  // namespace driftcage::trace

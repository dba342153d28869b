// SPDX-License-Identifier: Apache-2.0
#include "harness/image/interrupt.h"

#include <cerrno>
#include <csignal>

#include "harness/base/wait_status.h"

namespace driftcage::image {
namespace {

constexpr std::array<int, 4> kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

volatile std::sig_atomic_t noted = 0;

void note(int signal) { noted = signal; }

}  // namespace

InterruptGuard::InterruptGuard() {
  noted = 0;
  struct ::sigaction action {};
  action.sa_handler = note;
  ::sigemptyset(&action.sa_mask);  // no SA_RESTART: waiting calls must end
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN)
      ::sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < kSignals.size(); ++i)
    ::sigaction(kSignals[i], &before_[i], nullptr);
}

int noted_signal() { return noted; }

base::Status check_interrupt() {
  if (noted == 0) return {};
  return base::fail("stopped by", base::signal_name(noted), EINTR);
}

}  // namespace driftcage::image

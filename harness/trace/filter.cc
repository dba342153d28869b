// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "harness/trace/syscalls.h"
#include "harness/trace/tracer.h"

namespace driftcage::trace {

struct Filter::Program {
  std::vector<sock_filter> code;
  sock_fprog header{};
};

Filter::Filter(std::unique_ptr<Program> program)
    : program_(std::move(program)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

base::Result<Filter> Filter::make(const model::TraceSpec& spec) {
  auto program = std::make_unique<Program>();
  if (spec.engine == model::Engine::Seccomp) {
    const std::uint32_t verbs = wanted_verbs(spec.verbs);
    program->code.reserve(kFilterProgramSize);
    for (std::size_t i = 0; i < kFilterProgramSize; ++i) {
      const FilterInstruction& from = kFilterProgram[i];
      sock_filter to{from.code, from.jump_true, from.jump_false, from.k};
      // A filter over all calls, with the unwanted ones let through.
      if (to.code == (BPF_RET | BPF_K) &&
          (to.k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE &&
          !must_see(verbs, static_cast<CallTag>(to.k & SECCOMP_RET_DATA))) {
        to.k = SECCOMP_RET_ALLOW;
      }
      program->code.push_back(to);
    }
    program->header.len = static_cast<unsigned short>(program->code.size());
    program->header.filter = program->code.data();
  }
  return Filter(std::move(program));
}

bool Filter::is_possible() {
  const std::uint32_t action = SECCOMP_RET_TRACE;
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
    return false;
  // Without a program: EFAULT from a kernel that would take one, EACCES from
  // one that wants a privilege first, which the payload will have.
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr) == 0 ||
         errno == EFAULT || errno == EACCES;
}

int Filter::install() const noexcept {
  if (program_->header.len == 0) return 0;  // the other engines need none
  // Without SPEC_ALLOW kernels before 5.16 slow the whole payload down.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
              SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program_->header) == 0) {
    return 0;
  }
  if (errno != EINVAL) return errno;
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program_->header) == 0)
    return 0;
  return errno;
}

}  // namespace driftcage::trace

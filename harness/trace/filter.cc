// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/trace/syscalls.h"
#include "harness/trace/tracer.h"

namespace driftcage::trace {
namespace {

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

base::Status configure(scmp_filter_ctx context) {
  // libseccomp would kill callers of ABIs that it was not told of, and would
  // set no_new_privs, which changes what the payload may do.
  const std::pair<scmp_filter_attr, std::uint32_t> attributes[] = {
      {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW},
      {SCMP_FLTATR_CTL_NNP, 0},
      {SCMP_FLTATR_CTL_OPTIMIZE, 2},
  };
  for (const auto& [attribute, value] : attributes) {
    if (const int rc = seccomp_attr_set(context, attribute, value); rc != 0)
      return base::fail("set attribute of the trace filter", {}, -rc);
  }
  for (const AbiRow& abi : abi_rows()) {
    const int rc = seccomp_arch_add(context, abi.library_arch);
    if (rc != 0 && rc != -EEXIST)
      return base::fail("add an ABI to the trace filter",
                        model::abi_name(abi.abi), -rc);
  }
  return {};
}

base::Status add_rule(scmp_filter_ctx context, const CallRule& rule) {
  // Not __NR_SCMP_ERROR even for calls that only another ABI has.
  const int number = seccomp_syscall_resolve_name(rule.name);
  if (number == __NR_SCMP_ERROR) return {};
  std::vector<scmp_arg_cmp> tests;
  for (const ArgumentTest& test : rule.all) {
    tests.push_back(
        scmp_arg_cmp{test.argument, SCMP_CMP_MASKED_EQ, test.mask, test.value});
  }
  const int rc = seccomp_rule_add_array(
      context, SCMP_ACT_TRACE(rule.tag), number,
      static_cast<unsigned int>(tests.size()), tests.data());
  if (rc != 0) return base::fail("add to the trace filter", rule.name, -rc);
  return {};
}

base::Result<std::vector<sock_filter>> export_program(scmp_filter_ctx context) {
  // The library writes to a descriptor only; a memfd needs no directory.
  base::UniqueFd fd(memfd_create("driftcage-filter", MFD_CLOEXEC));
  if (!fd) return base::fail("memfd_create", "trace filter", errno);
  if (const int rc = seccomp_export_bpf(context, fd.get()); rc != 0)
    return base::fail("export the trace filter", {}, -rc);
  const off_t size = lseek(fd.get(), 0, SEEK_END);
  std::vector<sock_filter> code(static_cast<std::size_t>(size) /
                                sizeof(sock_filter));
  if (pread(fd.get(), code.data(), static_cast<std::size_t>(size), 0) != size)
    return base::fail("read the trace filter", {}, errno);
  if (code.size() > BPF_MAXINSNS)
    return base::fail("make the trace filter", "too many instructions");
  return code;
}

}  // namespace

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
    const Context context(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
    if (!context) return base::fail("make the trace filter", {}, ENOMEM);
    DRIFTCAGE_CHECK_OK(configure(context.get()));
    for (const CallRule& rule : call_rules(spec.verbs))
      DRIFTCAGE_CHECK_OK(add_rule(context.get(), rule));
    program->code = DRIFTCAGE_TRY(export_program(context.get()));
    program->header.len = static_cast<unsigned short>(program->code.size());
    program->header.filter = program->code.data();
  }
  return Filter(std::move(program));
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

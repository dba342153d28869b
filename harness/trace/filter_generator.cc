// SPDX-License-Identifier: Apache-2.0
//
// Runs at build time: has libseccomp compile the filter for every call that can
// be traced and writes it as a C++ table. Filter::make then only has to switch
// off the calls that a trace does not want, which takes microseconds where the
// library would take half a millisecond of every leg.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <vector>

#include "harness/trace/syscalls.h"

namespace {

using namespace driftcage::trace;

void check(int rc, const char* what) {
  if (rc >= 0) return;
  std::fprintf(stderr, "filter_generator: %s: error %d\n", what, -rc);
  std::exit(1);
}

// Newer than the library may be (Linux 6.15); its number is the same
// everywhere.
constexpr int kOpenTreeAttr = 467;
bool is_new(const char* name) {
  return std::strcmp(name, "open_tree_attr") == 0;
}

// What goes before a program that does not know it.
std::vector<sock_filter> stop_at_open_tree_attr() {
  constexpr std::uint32_t kX32 = 0x40000000;
  constexpr auto kFlags = static_cast<std::uint32_t>(
      offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t));  // low half
  return {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
          BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~kX32),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kOpenTreeAttr, 0, 3),
          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFlags),
          BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, OPEN_TREE_CLONE, 0, 1),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | kMountMade)};
}

// Negative when the ABI has no such call.
int number_of(std::uint32_t arch, const char* name) {
  // The library knows this number, but tells only that socketcall has it too.
  if (arch == SCMP_ARCH_X86 && std::strcmp(name, "connect") == 0) return 362;
  if (is_new(name)) return kOpenTreeAttr;
  return seccomp_syscall_resolve_name_arch(arch, name);
}

std::vector<sock_filter> compile(const std::vector<CallRule>& rules) {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
  // libseccomp would kill callers of ABIs that it was not told of, and would
  // set no_new_privs, which changes what the payload may do. The balanced tree
  // keeps both a call and the kernel's check of the filter at install short.
  check(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW),
        "BADARCH");
  check(seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0), "NNP");
  check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "OPTIMIZE");
  for (const AbiRow& abi : abi_rows()) {
    const std::uint32_t arch = seccomp_arch_resolve_name(abi.library_name);
    if (arch != seccomp_arch_native())
      check(seccomp_arch_add(context, arch), abi.library_name);
  }
  for (const CallRule& rule : rules) {
    // A pseudo number when only another ABI has the call.
    const int number = seccomp_syscall_resolve_name(rule.name);
    if (number == __NR_SCMP_ERROR && is_new(rule.name)) continue;
    if (number == __NR_SCMP_ERROR) check(-1, rule.name);
    std::vector<scmp_arg_cmp> tests;
    for (const ArgumentTest& test : rule.all)
      tests.push_back(
          {test.argument, SCMP_CMP_MASKED_EQ, test.mask, test.value});
    check(seccomp_rule_add_array(context, SCMP_ACT_TRACE(rule.tag), number,
                                 static_cast<unsigned>(tests.size()),
                                 tests.data()),
          rule.name);
  }
  std::FILE* file = std::tmpfile();
  check(file == nullptr ? -1 : 0, "tmpfile");
  check(seccomp_export_bpf(context, fileno(file)), "export");
  seccomp_release(context);
  const off_t size = lseek(fileno(file), 0, SEEK_END);
  std::vector<sock_filter> code(static_cast<std::size_t>(size) /
                                sizeof(sock_filter));
  if (pread(fileno(file), code.data(), static_cast<std::size_t>(size), 0) !=
      size) {
    check(-1, "read back");
  }
  std::fclose(file);
  if (seccomp_syscall_resolve_name("open_tree_attr") == __NR_SCMP_ERROR) {
    const auto first = stop_at_open_tree_attr();
    code.insert(code.begin(), first.begin(), first.end());
  }
  return code;
}

std::vector<CallNumber> numbers(const std::vector<CallRule>& rules) {
  std::vector<CallNumber> rows;
  for (std::size_t abi = 0; abi < abi_rows().size(); ++abi) {
    const AbiRow& row = abi_rows()[abi];
    const std::uint32_t arch = seccomp_arch_resolve_name(row.library_name);
    for (std::size_t rule = 0; rule < rules.size(); ++rule) {
      const int number = number_of(arch, rules[rule].name);
      if (number < 0) continue;
      rows.push_back({static_cast<std::uint8_t>(abi),
                      static_cast<std::uint32_t>(number) | row.number_bit,
                      static_cast<std::uint16_t>(rule)});
    }
  }
  std::sort(rows.begin(), rows.end(),
            [](const CallNumber& a, const CallNumber& b) {
              return std::tie(a.abi, a.number, a.rule) <
                     std::tie(b.abi, b.number, b.rule);
            });
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || std::freopen(argv[1], "w", stdout) == nullptr) return 2;
  const std::vector<CallRule> rules = call_rules();
  const std::vector<sock_filter> code = compile(rules);
  const std::vector<CallNumber> rows = numbers(rules);
  std::printf(
      "// Made by filter_generator, not to be edited.\n"
      "#include \"harness/trace/syscalls.h\"\n\n"
      "namespace driftcage::trace {\n\n"
      "const FilterInstruction kFilterProgram[] = {\n");
  for (const sock_filter& one : code)
    std::printf("    {%u, %u, %u, %uU},\n", one.code, one.jt, one.jf, one.k);
  std::printf("};\nconst std::size_t kFilterProgramSize = %zu;\n\n",
              code.size());
  std::printf("const CallNumber kCallNumbers[] = {\n");
  for (const CallNumber& row : rows)
    std::printf("    {%u, %uU, %u},\n", row.abi, row.number, row.rule);
  std::printf(
      "};\nconst std::size_t kCallNumbersSize = %zu;\n\n"
      "}  // namespace driftcage::trace\n",
      rows.size());
  return std::fflush(stdout) == 0 ? 0 : 1;
}

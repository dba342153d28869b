// SPDX-License-Identifier: Apache-2.0
//
// Makes one call N times: call_loop KIND N [filtered]
// "filtered": under a seccomp filter of its own that only says "allow".
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

bool allow_everything() {
  sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{1, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && (argc != 4 || std::strcmp(argv[3], "filtered") != 0))
    return 2;
  if (argc == 4 && !allow_everything()) return 3;
  const char* kind = argv[1];
  const long n = std::atol(argv[2]);
  const int zero = open("/dev/zero", O_RDONLY);
  char byte = 0;
  struct stat info;
  for (long i = 0; i < n; ++i) {
    if (std::strcmp(kind, "stat") == 0) {
      syscall(SYS_newfstatat, AT_FDCWD, "/usr/bin/env", &info, 0);
    } else if (std::strcmp(kind, "open") == 0) {
      close(static_cast<int>(
          syscall(SYS_openat, AT_FDCWD, "/usr/bin/env", O_RDONLY)));
    } else if (std::strcmp(kind, "missing") == 0) {
      syscall(SYS_openat, AT_FDCWD, "/usr/share/nonexistent-file", O_RDONLY);
    } else if (std::strcmp(kind, "getppid") == 0) {
      syscall(SYS_getppid);
    } else if (std::strcmp(kind, "read") == 0) {
      static_cast<void>(read(zero, &byte, 1));
    } else {
      return 2;
    }
  }
}

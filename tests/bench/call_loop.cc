// SPDX-License-Identifier: Apache-2.0
//
// Makes one call N times: call_loop KIND N
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
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

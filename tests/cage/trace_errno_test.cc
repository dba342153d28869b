// SPDX-License-Identifier: Apache-2.0
//
// docs/errno.md row by row: what the kernel answers to root and to an ordinary
// user, and which cause the tracer gives for it.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "harness/base/result.h"
#include "tests/cage/trace_harness.h"
#include "tests/must_work.h"
#include "tests/unit/trace/elf_bytes.h"

namespace driftcage::trace::testing {
namespace {

namespace fs = std::filesystem;
using model::Verb;

constexpr uid_t kSomebody = 12345;

long open_it(const std::string& path, int flags) {
  return syscall(SYS_openat, AT_FDCWD, path.c_str(), flags, 0600);
}

long exec_it(const std::string& path) {
  char name[] = "program";
  char* argv[] = {name, nullptr};
  char* none[] = {nullptr};
  return syscall(SYS_execve, path.c_str(), argv, none);
}

// A mount of its own at `path`, by root of a user namespace of its own.
bool mount_here(const std::string& path, unsigned long flags,
                const char* options) {
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  const auto put = [](const char* file, const std::string& text) {
    const int fd = open(file, O_WRONLY);
    if (fd >= 0 && write(fd, text.data(), text.size()) < 0) _exit(97);
    close(fd);
  };
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
  put("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
  return mount("tmpfs", path.c_str(), "tmpfs", 0, options) == 0 &&
         (flags == 0 || (flags & MS_RDONLY) != 0 ||
          mount("", path.c_str(), "", MS_REMOUNT | MS_BIND | flags, "") == 0);
}

struct Row {
  // How the call ends for root and for an ordinary user: "ok", or an errno name
  // with the cause and, after '@', where: relative to the test's directory.
  std::string root;
  std::string user;
  Verb verb = Verb::Open;
  std::function<void()> act;  // in the directory; the last call is the row's
};

std::map<std::string, Row> rows() {
  std::map<std::string, Row> all;
  const auto same = [](const std::string& both, Verb verb,
                       std::function<void()> act) {
    return Row{both, both, verb, std::move(act)};
  };
  const auto opens = [&](const std::string& both, const std::string& path,
                         int flags = O_RDONLY) {
    return same(both, Verb::Open, [=] { open_it(path, flags); });
  };
  const auto execs = [&](const std::string& both, const std::string& path) {
    return same(both, Verb::Exec, [=] { exec_it(path); });
  };

  all["last-missing"] = opens("ENOENT missing @d/none", "d/none");
  all["middle-missing"] =
      opens("ENOENT missing-directory @d/no", "d/no/way/none");
  all["dangling-last"] = opens("ENOENT dangling @d/none", "d/dangling");
  all["dangling-middle"] = opens("ENOENT dangling @d/none", "d/dangling/x");
  all["dangling-create"] =
      opens("ENOENT dangling @d/no/x", "d/far", O_CREAT | O_WRONLY);
  all["empty-path"] = opens("ENOENT none", "");
  all["dangling-exclusive"] =
      opens("EEXIST none", "d/dangling", O_CREAT | O_EXCL | O_WRONLY);
  all["link-nofollow"] =
      opens("ELOOP loop @d/dangling", "d/dangling", O_NOFOLLOW);
  all["file-as-directory"] = opens("ENOTDIR not-directory @d/f", "d/f/x");
  all["slash-after-file"] = opens("ENOTDIR not-directory @d/f", "d/f/");
  all["directory-wanted"] =
      opens("ENOTDIR not-directory @d/f", "d/f", O_DIRECTORY);
  all["link-loop"] = opens("ELOOP loop @d/loop", "d/loop");
  all["links-41"] = opens("ELOOP loop @d/chain1", "d/chain41");
  all["name-256"] =
      opens("ENAMETOOLONG name-too-long @d/" + std::string(256, 'n'),
            "d/" + std::string(256, 'n'));
  all["path-4096"] = same("ENAMETOOLONG name-too-long", Verb::Open,
                          [] { open_it(std::string(4096, '/'), O_RDONLY); });
  all["search-denied"] = {"ok", "EACCES no-search-permission @closed",
                          Verb::Open, [] { open_it("closed/f", O_RDONLY); }};
  all["search-denied-missing"] = {
      "ENOENT missing @closed/none", "EACCES no-search-permission @closed",
      Verb::Open, [] { open_it("closed/none", O_RDONLY); }};
  all["directory-without-r"] = {"ok", "EACCES no-permission @unlisted",
                                Verb::Open,
                                [] { open_it("unlisted", O_RDONLY); }};
  all["read-denied"] = {"ok", "EACCES no-permission @secret", Verb::Open,
                        [] { open_it("secret", O_RDONLY); }};
  all["read-denied-path-only"] = opens("ok", "secret", O_PATH);
  all["write-denied"] = {"ok", "EACCES no-permission @readonly", Verb::Open,
                         [] { open_it("readonly", O_WRONLY); }};
  all["create-denied"] = {"ok", "EACCES no-permission @locked", Verb::Open,
                          [] { open_it("locked/new", O_CREAT | O_WRONLY); }};
  all["mkdir-denied"] = {"ok", "EACCES no-permission @locked", Verb::Mkdir,
                         [] { syscall(SYS_mkdir, "locked/new", 0755); }};
  all["access-denied"] = {"ok", "EACCES no-permission @secret", Verb::Stat,
                          [] { syscall(SYS_access, "secret", R_OK); }};
  all["write-directory"] = opens("EISDIR none", "d", O_WRONLY);
  all["text-busy"] =
      same("ETXTBSY text-busy @busy", Verb::Exec, [] { exec_it("busy"); });
  all["text-busy-write"] = same("ETXTBSY text-busy @d/runs", Verb::Open, [] {
    fs::copy_file("/bin/cat", "d/runs");
    int ends[2];
    if (pipe(ends) != 0) _exit(95);
    // Returns when the child has executed its program, which waits for input.
    const pid_t child = vfork();
    if (child == 0) {
      dup2(ends[0], STDIN_FILENO);
      exec_it("d/runs");
      _exit(95);
    }
    open_it("d/runs", O_WRONLY);
    kill(child, SIGKILL);
  });
  all["fd-limit"] = same("EMFILE limit @nofile", Verb::Open, [] {
    const rlimit limit{1, 1};
    setrlimit(RLIMIT_NOFILE, &limit);
    open_it("d/f", O_RDONLY);
  });
  all["process-limit"] = {"ok", "EAGAIN limit @nproc", Verb::Spawn, [] {
                            const rlimit limit{0, 0};
                            setrlimit(RLIMIT_NPROC, &limit);
                            if (fork() == 0) _exit(0);
                          }};
  all["read-only-mount"] = same("EROFS read-only @m", Verb::Open, [] {
    if (!mount_here("m", MS_RDONLY, "") ||
        mount("", "m", "", MS_REMOUNT | MS_BIND | MS_RDONLY, "") != 0) {
      _exit(96);
    }
    open_it("m/new", O_CREAT | O_WRONLY);
  });
  all["no-inodes"] = same("ENOSPC full @m", Verb::Open, [] {
    if (!mount_here("m", 0, "nr_inodes=1")) _exit(96);
    open_it("m/new", O_CREAT | O_WRONLY);
  });
  all["noexec-mount"] = same("EACCES noexec @m", Verb::Exec, [] {
    if (!mount_here("m", 0, "mode=0777")) _exit(96);
    const int fd = open("m/p", O_CREAT | O_WRONLY, 0755);
    close(fd);
    mount("", "m", "", MS_REMOUNT | MS_BIND | MS_NOEXEC, "");
    exec_it("m/p");
  });
  all["map-noexec"] = same("EPERM noexec @m", Verb::Map, [] {
    if (!mount_here("m", 0, "mode=0777")) _exit(96);
    const int fd = open("m/p", O_CREAT | O_RDWR, 0755);
    mount("", "m", "", MS_REMOUNT | MS_BIND | MS_NOEXEC, "");
    syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  });
  all["no-blocks"] = same("ENOSPC full @m", Verb::Write, [] {
    if (!mount_here("m", 0, "size=4096,mode=0777")) _exit(96);
    const int fd = open("m/f", O_CREAT | O_WRONLY, 0600);
    syscall(SYS_fallocate, fd, 0, 0, 1 << 20);
  });
  all["file-size-limit"] = same("EFBIG limit @fsize", Verb::Write, [] {
    const rlimit limit{1, 1};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    const int fd = open("m/f", O_CREAT | O_WRONLY, 0600);
    syscall(SYS_fallocate, fd, 0, 0, 1 << 20);
  });
  all["access-noexec"] = same("EACCES noexec @m", Verb::Stat, [] {
    if (!mount_here("m", 0, "mode=0777")) _exit(96);
    close(open("m/p", O_CREAT | O_WRONLY, 0755));
    mount("", "m", "", MS_REMOUNT | MS_BIND | MS_NOEXEC, "");
    syscall(SYS_access, "m/p", X_OK);
  });
  all["access-read-only"] = same("EROFS read-only @m", Verb::Stat, [] {
    if (!mount_here("m", 0, "mode=0777")) _exit(96);
    close(open("m/f", O_CREAT | O_WRONLY, 0666));
    mount("", "m", "", MS_REMOUNT | MS_BIND | MS_RDONLY, "");
    syscall(SYS_access, "m/f", W_OK);
  });
  all["noatime-not-owner"] = {
      "ok", "EPERM not-owner /etc/passwd", Verb::Open,
      [] { open_it("/etc/passwd", O_RDONLY | O_NOATIME); }};
  all["device-on-nodev"] = {
      "EACCES nodev @m", "nothing", Verb::Open, [] {
        // Only the machine's root may make devices.
        if (mknod("m/null", S_IFCHR | 0666, 0x103) != 0) return;
        if (unshare(CLONE_NEWNS) != 0) _exit(96);
        mount("", "/", "", MS_REC | MS_PRIVATE, "");
        if (mount("m", "m", "", MS_BIND, "") != 0 ||
            mount("", "m", "", MS_REMOUNT | MS_BIND | MS_NODEV, "") != 0) {
          _exit(96);
        }
        open_it("m/null", O_RDONLY);
      }};
  all["descriptor-closed"] = same("EBADF none", Verb::Open, [] {
    syscall(SYS_openat, 99, "f", O_RDONLY, 0);
  });
  all["descriptor-no-directory"] =
      same("ENOTDIR not-directory @d/f", Verb::Open, [] {
        const int fd = open("d/f", O_RDONLY);
        syscall(SYS_openat, fd, "x", O_RDONLY, 0);
      });
  all["fifo-without-reader"] = same(
      "ENXIO none", Verb::Open, [] { open_it("fifo", O_WRONLY | O_NONBLOCK); });
  all["closed-directory-itself"] = {"ok", "ok", Verb::Open,
                                    [] { open_it("closed", O_RDONLY); }};
  all["links-40"] = opens("ok", "d/chain39");
  all["name-255"] = opens("ENOENT missing @d/" + std::string(255, 'n'),
                          "d/" + std::string(255, 'n'));
  all["exec-search-denied"] = {"EACCES no-execute @closed/f",
                               "EACCES no-search-permission @closed",
                               Verb::Exec, [] { exec_it("closed/f"); }};
  all["exec-link-loop"] = execs("ELOOP loop @d/loop", "d/loop");
  all["exec-file-as-directory"] = execs("ENOTDIR not-directory @d/f", "d/f/x");
  all["exec-missing"] = execs("ENOENT missing @d/none", "d/none");
  all["exec-no-loader"] = execs("ENOENT no-loader /no/ld.so", "no-loader");
  all["exec-no-interpreter"] =
      execs("ENOENT no-interpreter /no/interp", "no-interpreter");
  all["exec-crlf"] = execs("ENOENT no-interpreter /bin/sh\r", "crlf");
  all["exec-no-bit"] = execs("EACCES no-execute @no-bit", "no-bit");
  all["exec-directory"] = execs("EACCES none", "d");
  all["exec-interpreter-no-bit"] =
      execs("EACCES no-execute @no-bit", "interpreter-no-bit");
  all["exec-loader-no-bit"] =
      execs("EACCES no-execute @no-bit", "loader-no-bit");
  all["exec-loader-not-elf"] = execs("EIO not-elf @no-bang", "loader-not-elf");
  all["exec-no-bang"] = execs("ENOEXEC not-elf @no-bang", "no-bang");
  all["exec-empty"] = execs("ENOEXEC not-elf @empty", "empty");
  all["exec-truncated"] = execs("ENOEXEC not-elf @truncated", "truncated");
  all["exec-other-machine"] =
      execs("ENOEXEC wrong-arch @other-machine", "other-machine");
  all["exec-other-class"] =
      execs("ENOEXEC wrong-arch @other-class", "other-class");
  all["exec-long-argument"] = same("E2BIG none", Verb::Exec, [] {
    std::string big(200'000, 'x');
    char* argv[] = {big.data(), nullptr};
    syscall(SYS_execve, "/bin/true", argv, nullptr);
  });
  return all;
}

void put(const fs::path& path, const std::string& bytes, mode_t mode) {
  std::ofstream(path) << bytes;
  chmod(path.c_str(), mode);
}

void furnish(const fs::path& at) {
  chmod(at.c_str(), 0755);
  for (const char* name : {"d", "closed", "unlisted", "locked", "m"})
    fs::create_directory(at / name);
  chmod((at / "m").c_str(), 0777);
  chmod((at / "d").c_str(), 0777);
  put(at / "d/f", "text", 0644);
  put(at / "closed/f", "text", 0644);
  put(at / "secret", "text", 0);
  put(at / "readonly", "text", 0444);
  put(at / "busy", elf_bytes(""), 0755);
  put(at / "no-loader", elf_bytes("/no/ld.so"), 0755);
  put(at / "no-bit", elf_bytes(""), 0644);
  put(at / "no-interpreter", "#!/no/interp\n", 0755);
  put(at / "crlf", "#!/bin/sh\r\nexit\r\n", 0755);
  put(at / "interpreter-no-bit", "#!" + (at / "no-bit").string() + "\n", 0755);
  put(at / "loader-no-bit", elf_bytes((at / "no-bit").string()), 0755);
  put(at / "loader-not-elf", elf_bytes((at / "no-bang").string()), 0755);
  put(at / "no-bang", "exit 0\n", 0755);
  put(at / "empty", "", 0755);
  put(at / "truncated", elf_bytes("").substr(0, 80), 0755);
  put(at / "other-machine", elf_bytes("", kOtherMachine), 0755);
  put(at / "other-class", elf_bytes("", kSmallMachine), 0755);
  mkfifo((at / "fifo").c_str(), 0666);
  chmod((at / "fifo").c_str(), 0666);
  fs::create_symlink("none", at / "d/dangling");
  fs::create_symlink("no/x", at / "d/far");
  fs::create_symlink("loop", at / "d/loop");
  fs::create_symlink("f", at / "d/chain0");
  for (int i = 1; i <= 41; ++i) {
    fs::create_symlink("chain" + std::to_string(i - 1),
                       at / "d" / ("chain" + std::to_string(i)));
  }
  chmod((at / "closed").c_str(), 0644);
  chmod((at / "unlisted").c_str(), 0311);
  chmod((at / "locked").c_str(), 0555);
}

std::string outcome(const model::Event& event, const std::string& directory) {
  if (event.ok()) return "ok";
  std::string text = base::errno_name(event.err) + " " +
                     std::string(model::cause_name(event.cause));
  if (event.cause_at.empty() || event.cause == model::Cause::None) return text;
  if (event.cause_at.starts_with(directory + "/"))
    return text + " @" + event.cause_at.substr(directory.size() + 1);
  if (event.cause == model::Cause::Limit) return text + " @" + event.cause_at;
  if (event.err == ENAMETOOLONG) return text;
  return text + " " + event.cause_at;
}

class ErrnoTest : public ::testing::TestWithParam<std::string> {
 protected:
  // The row's last call of its verb, made as root or as somebody else.
  std::string run(const Row& row, bool as_root) {
    char name[] = "/tmp/driftcage-errno-XXXXXX";
    const std::string directory = mkdtemp(name);
    furnish(directory);
    const int busy = open((directory + "/busy").c_str(), O_WRONLY | O_CLOEXEC);
    Options options;
    options.spec.verbs |= verb_bit(Verb::Map) | verb_bit(Verb::Write);
    options.before = [&] {
      if (chdir(directory.c_str()) != 0) _exit(98);
      if (as_root) return;
      if (geteuid() == 0 && (setgroups(0, nullptr) != 0 ||
                             setresgid(kSomebody, kSomebody, kSomebody) != 0 ||
                             setresuid(kSomebody, kSomebody, kSomebody) != 0)) {
        _exit(98);
      }
      // Changing the user made /proc/self root's: its id maps could not be
      // written.
      prctl(PR_SET_DUMPABLE, 1);
    };
    options.body = [&row] {
      row.act();
      return 0;
    };
    const Trace trace = run_traced({}, options);
    close(busy);
    for (const char* closed : {"closed", "unlisted", "locked"})
      chmod((directory + "/" + closed).c_str(), 0755);
    fs::remove_all(directory);
    // 96: no user namespaces here.
    if (trace.end.status.exit_code() == 96) return "no namespace";
    std::string last = "nothing";
    for (const model::Event& event : trace.of(row.verb)) {
      if (event.process == trace.starts.front().process)
        last = outcome(event, directory);
    }
    return last;
  }
};

TEST_P(ErrnoTest, AsTheTableSays) {
  const Row row = rows().at(GetParam());
  const std::string user = run(row, false);
  DRIFTCAGE_SKIP_UNLESS_EMPTY(user == "no namespace" ? user : "");
  EXPECT_EQ(user, row.user);
  if (geteuid() == 0) {
    EXPECT_EQ(run(row, true), row.root);
  }
}

std::vector<std::string> row_names() {
  std::vector<std::string> names;
  for (const auto& [name, row] : rows()) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Rows, ErrnoTest, ::testing::ValuesIn(row_names()),
                         [](const auto& row) {
                           std::string name = row.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

// Columns of the document's lines "| `row` | call | root | user | cause | ...
// |".
std::vector<std::vector<std::string>> table() {
  std::ifstream document(DRIFTCAGE_SOURCE "/docs/errno.md");
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(document, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string>& columns = lines.emplace_back();
    std::istringstream cells(line.substr(2));
    for (std::string cell; std::getline(cells, cell, '|');) {
      std::erase_if(cell, [](char c) { return c == '`' || c == '*'; });
      const std::size_t start = cell.find_first_not_of(' ');
      const std::size_t end = cell.find_last_not_of(' ');
      columns.push_back(start == std::string::npos
                            ? ""
                            : cell.substr(start, end - start + 1));
    }
  }
  return lines;
}

TEST(ErrnoTable, HasATestForEachRow) {
  std::set<std::string> told;
  ASSERT_FALSE(table().empty());
  for (const auto& columns : table()) told.insert(columns.at(0));
  const auto names = row_names();
  EXPECT_EQ(told, std::set<std::string>(names.begin(), names.end()));
}

TEST(ErrnoTable, SaysWhatTheTestsSay) {
  const auto all = rows();
  for (const auto& columns : table()) {
    const Row& row = all.at(columns.at(0));
    std::set<std::string> causes;
    for (const auto& [outcome, column] :
         {std::pair(row.root, columns.at(2)), {row.user, columns.at(3)}}) {
      std::istringstream words(outcome);
      std::string err;
      std::string cause;
      words >> err >> cause;
      EXPECT_TRUE(column == "–" || column == err) << columns[0] << " " << err;
      if (!cause.empty() && cause != "none") causes.insert(cause);
    }
    std::set<std::string> told;
    std::istringstream list(columns.at(4));
    for (std::string cause; list >> cause;) {
      if (cause.ends_with(';')) cause.pop_back();
      if (cause != "–") told.insert(cause);
    }
    EXPECT_EQ(causes, told) << columns[0];
  }
}

}  // namespace
}  // namespace driftcage::trace::testing

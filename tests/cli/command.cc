// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command.h"

#include <fcntl.h>
#include <re2/re2.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"
#include "harness/base/wait_status.h"
#include "tests/must_work.h"

namespace driftcage::cli_test {
namespace {

namespace fs = std::filesystem;

constexpr int kNoExec = 127;

struct Child {
  pid_t pid = -1;
  base::UniqueFd out;  // read end of its standard output
  fs::path err;        // where its standard error goes
};

// Variables of the person who runs the tests that change what is printed.
constexpr const char* kForeign[] = {"DRIFTCAGE_SCENARIOS", "DRIFTCAGE_CELL",
                                    "NO_COLOR", "FORCE_COLOR"};

fs::path temporary_file() {
  std::string name = (fs::temp_directory_path() / "cliXXXXXX").string();
  base::UniqueFd(::mkstemp(name.data()));
  return name;
}

Child start(const std::vector<std::string>& argv, const Setting& setting) {
  Child child;
  child.err = temporary_file();
  const fs::path input = temporary_file();
  std::ofstream(input) << setting.input;
  const base::UniqueFd in(::open(input.c_str(), O_RDONLY | O_CLOEXEC));
  fs::remove(input);
  const base::UniqueFd err(
      ::open(child.err.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  auto [reader, writer] = base::sys::pipe().value();
  child.pid = ::fork();
  if (child.pid == 0) become(argv, setting, in.get(), writer.get(), err.get());
  // kill(2) of -1 would go to every process there is.
  if (child.pid < 0) std::abort();
  child.out = std::move(reader);
  return child;
}

Outcome finish(Child child, std::string out) {
  Outcome outcome;
  outcome.out = std::move(out);
  outcome.out += base::sys::read_fd(child.out.get(), "pipe").value_or("");
  int raw = 0;
  while (::waitpid(child.pid, &raw, 0) < 0 && errno == EINTR) {
  }
  outcome.code = base::WaitStatus(raw).shell_code();
  outcome.err = read_text(child.err);
  fs::remove(child.err);
  return outcome;
}

}  // namespace

void become(const std::vector<std::string>& argv, const Setting& setting,
            int in, int out, int err) {
  for (const char* name : kForeign) ::unsetenv(name);
  for (const auto& [name, value] : setting.set)
    ::setenv(name.c_str(), value.c_str(), 1);
  if (!setting.directory.empty() && ::chdir(setting.directory.c_str()) != 0)
    ::_exit(kNoExec);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  std::vector<char*> pointers;
  for (const std::string& argument : argv)
    pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  ::execvp(pointers.front(), pointers.data());
  ::_exit(kNoExec);
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Outcome execute(const std::vector<std::string>& argv, const Setting& setting) {
  return finish(start(argv, setting), {});
}

Outcome driftcage(std::vector<std::string> arguments, const Setting& setting) {
  arguments.insert(arguments.begin(), DRIFTCAGE_PROGRAM);
  return execute(arguments, setting);
}

Outcome interrupt(const std::vector<std::string>& argv, const std::string& mark,
                  int signal, const Setting& setting) {
  Child child = start(argv, setting);
  std::string out;
  char byte = 0;
  while (out.find(mark) == std::string::npos &&
         ::read(child.out.get(), &byte, 1) == 1)
    out += byte;
  ::kill(child.pid, signal);
  return finish(std::move(child), out);
}

std::string normalized(const std::string& text, const std::string& folder) {
  std::string result = text;
  if (!folder.empty()) {
    for (std::size_t at = result.find(folder); at != std::string::npos;
         at = result.find(folder, at))
      result.replace(at, folder.size(), "<folder>");
  }
  const std::pair<const char*, const char*> rules[] = {
      {R"(\b\d{8}-\d{6}-[0-9a-f]+\b)", "<run>"},
      {R"( *\+?\b\d+(\.\d+)? ?(s|ms|us)\b)", " <time>"},
      {R"(\[\d+\])", "[<pid>]"},
  };
  for (const auto& [pattern, word] : rules)
    RE2::GlobalReplace(&result, pattern, word);
  return result;
}

void expect_golden(const std::string& name, const std::string& text) {
  const fs::path path =
      fs::path(DRIFTCAGE_SOURCE_DIR) / "tests/cli/golden" / (name + ".txt");
  if (std::getenv("DRIFTCAGE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  EXPECT_EQ(text, read_text(path)) << "golden file: " << path.string();
}

Project::Project() {
  std::string pattern = (fs::temp_directory_path() / "projectXXXXXX").string();
  folder_ = fs::canonical(::mkdtemp(pattern.data()));
  // As root, a cage's user is another one than the caller.
  fs::permissions(folder_, fs::perms(0755));
}

Project::~Project() { fs::remove_all(folder_); }

void Project::write(const std::string& name, const std::string& text) const {
  const fs::path path = folder_ / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

void CageProject::SetUp() {
  const Outcome doctor = driftcage({"doctor"});
  DRIFTCAGE_SKIP_UNLESS_EMPTY(doctor.code == 0 ? ""
                                               : "no cages on this machine:\n" +
                                                     doctor.out + doctor.err);
}

}  // namespace driftcage::cli_test

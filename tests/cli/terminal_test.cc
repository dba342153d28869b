// SPDX-License-Identifier: Apache-2.0
// What happens on a terminal: watching, shells, and a terminal that goes away.
#include "tests/cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include <nlohmann/json.hpp>

#include "tests/cli/scenario_text.h"

namespace driftcage::cli_test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Terminal : public CageProject {
 protected:
  void SetUp() override {
    CageProject::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write("scenarios/tiny/a.toml", scenario("tiny/a", "ENOENT"));
    write("scenarios/tiny/b.toml", scenario("tiny/b", "EACCES"));
    write("scenarios/tiny/z.toml", endless("tiny/z"));
  }
  [[nodiscard]] Setting on_terminal() const {
    Setting setting = own();
    setting.set["TERM"] = "xterm";
    setting.set["NO_COLOR"] = "1";
    return setting;
  }
  static std::vector<std::string> with(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DRIFTCAGE_PROGRAM);
    return arguments;
  }
};

// What a shell in a cage must do as any shell on a terminal: job control, and
// the size that the terminal has now.
void expect_a_whole_terminal(OnTerminal& shell) {
  // Programs that open it by its name must find it, too (gpg, mesg, script).
  shell.type("echo named=$((4)) > \"$(tty)\"\n");
  ASSERT_TRUE(shell.wait_for("named=4")) << shell.screen();
  shell.type("sh -c 'echo up=$((40 + 2)); exec sleep 600'\n");
  ASSERT_TRUE(shell.wait_for("up=42")) << shell.screen();
  // Its exit code tells, not the shell's word for it: the kernel drops what is
  // on its way to the screen when it sends the signal (isig() in n_tty.c).
  shell.type("\x1a");
  shell.type("echo stopped=$((1000 + $?)); disown %1\n");
  ASSERT_TRUE(shell.wait_for("stopped=1148")) << shell.screen();
  // Not at a prompt: readline writes back the size that it read there, and so
  // may undo a change, on any terminal.
  shell.type(
      "echo busy=$((4)); until [ \"$(stty size)\" = '33 77' ]; do :; done;"
      " echo size=$((7))\n");
  ASSERT_TRUE(shell.wait_for("busy=4")) << shell.screen();
  shell.resize(33, 77);
  EXPECT_TRUE(shell.wait_for("size=7")) << shell.screen();
  shell.type("sh -c 'echo up=$((40 + 3)); exec sleep 600'\n");
  ASSERT_TRUE(shell.wait_for("up=43")) << shell.screen();
  shell.type("\x03");
  shell.type("echo code=$((1000 + $?))\n");
  EXPECT_TRUE(shell.wait_for("code=1130")) << shell.screen();
}

TEST_F(Terminal, WatchJudgesOrRunsAgainAfterAnEdit) {
  OnTerminal watch(with({"watch", "tiny/a"}), on_terminal());
  ASSERT_TRUE(watch.wait_for("PASS        tiny/a")) << watch.screen();
  ASSERT_TRUE(watch.wait_for("watching 1 file;"));
  // [expect] alone: the stored traces tell.
  write("scenarios/tiny/a.toml", scenario("tiny/a", "EACCES"));
  ASSERT_TRUE(watch.wait_for("NO-REPRO    tiny/a")) << watch.screen();
  ASSERT_TRUE(watch.wait_for("judged again from its traces in "));
  // A mistake is shown, and waits for the next edit.
  write("scenarios/tiny/a.toml", "schema = 1\nid = 7\n");
  ASSERT_TRUE(watch.wait_for("a.toml:2:6: error:")) << watch.screen();
  // Anything else needs a run.
  write("scenarios/tiny/a.toml",
        scenario("tiny/a", "ENOENT", "timeout = \"7s\"\n[env]\nX = \"1\"\n"));
  ASSERT_TRUE(watch.wait_for("leg control is another cage; running"))
      << watch.screen();
  ASSERT_TRUE(watch.wait_for("PASS        tiny/a"));
  ASSERT_TRUE(watch.wait_for("watching 1 file;"));
  watch.type("\x03");
  EXPECT_EQ(watch.finish(), 128 + SIGINT) << watch.screen();
}

TEST_F(Terminal, WatchSeesWhatAScenarioIncludes) {
  write("scenarios/_lib/data.toml", "[files]\n\"data.txt\" = \"here\\n\"\n");
  std::string text =
      scenario("tiny/a", "ENOENT", "include = [\"../_lib/data.toml\"]\n");
  text.erase(text.find("[files]"),
             text.find("\n[[fault]]") - text.find("[files]"));
  write("scenarios/tiny/a.toml", text);
  OnTerminal watch(with({"watch", "tiny/a"}), on_terminal());
  ASSERT_TRUE(watch.wait_for("watching 1 file;")) << watch.screen();
  write("scenarios/_lib/data.toml", "[files]\n\"data.txt\" = \"other\\n\"\n");
  EXPECT_TRUE(watch.wait_for("another cage; running")) << watch.screen();
  EXPECT_TRUE(watch.wait_for("watching 1 file;"));
}

TEST_F(Terminal, AShellAfterAFailure) {
  OnTerminal run(with({"run", "tiny/b", "--on-fail", "shell"}), on_terminal());
  ASSERT_TRUE(run.wait_for("tiny/b, leg fault")) << run.screen();
  ASSERT_TRUE(run.wait_for("[tiny/b fault] ")) << run.screen();
  run.type("cat data.txt; echo code=$((400 + $?)); stty size\n");
  EXPECT_TRUE(run.wait_for("code=401")) << run.screen();
  EXPECT_TRUE(run.wait_for("40 120"));
  run.type("exit 9\n");
  // The verdict decides, not what was done in the shell.
  EXPECT_EQ(run.finish(), 1) << run.screen();
}

TEST_F(Terminal, AShellAfterAFailureHasAWholeTerminal) {
  OnTerminal run(with({"run", "tiny/b", "--on-fail", "shell"}), on_terminal());
  ASSERT_TRUE(run.wait_for("[tiny/b fault] ")) << run.screen();
  expect_a_whole_terminal(run);
  run.type("exit\n");
  EXPECT_EQ(run.finish(), 1) << run.screen();
}

TEST_F(Terminal, AShellInACageHasAWholeTerminal) {
  OnTerminal shell(with({"shell", "--image", "host"}), on_terminal());
  ASSERT_TRUE(shell.wait_for("[host] ")) << shell.screen();
  expect_a_whole_terminal(shell);
  shell.type("exit 7\n");
  EXPECT_EQ(shell.finish(), 7) << shell.screen();
}

TEST_F(Terminal, NoShellWithoutAFailure) {
  OnTerminal run(with({"run", "tiny/a", "--on-fail", "shell"}), on_terminal());
  EXPECT_EQ(run.finish(), 0);
  EXPECT_THAT(run.screen(), Not(HasSubstr("leaves it")));
}

TEST_F(Terminal, ARunThatLosesItsTerminalEndsInOrder) {
  OnTerminal run(with({"run", "tiny/z", "--record", "r"}), on_terminal());
  ASSERT_TRUE(run.wait_for("tiny/z  fault")) << run.screen();
  EXPECT_EQ(run.hang_up(), 128 + SIGHUP);
  const json record = json::parse(read_text(folder_ / "r/run.json"));
  EXPECT_EQ(record["signal"], "SIGHUP");
  EXPECT_EQ(record["not_run"], 1);
}

TEST_F(Terminal, ATraceTellsWhatItLeavesOutOfPath) {
  Setting setting = on_terminal();
  setting.set["PATH"] = "/tmp/own-tools:/usr/bin:/bin";
  OnTerminal trace(with({"trace", "--", "true"}), setting);
  EXPECT_TRUE(trace.wait_for("does not have /tmp/own-tools")) << trace.screen();
  EXPECT_EQ(trace.finish(), 0);
}

TEST_F(Terminal, ATraceShowsWhereAProgramHangs) {
  OnTerminal trace(
      with({"trace", "--", "sh", "-c", "cat absent.txt; exec sleep 600"}),
      on_terminal());
  EXPECT_TRUE(trace.wait_for("absent.txt = ENOENT")) << trace.screen();
  trace.type("\x03");
  EXPECT_EQ(trace.finish(), 128 + SIGINT) << trace.screen();
}

// As timeout(1) sends them, to its child and then to the group.
TEST_F(Terminal, TwoSignalsAtOnceAreOne) {
  OnTerminal trace(with({"trace", "--json", "-o", "t", "--", "sh", "-c",
                         "cat absent.txt; echo up; exec sleep 600"}),
                   on_terminal());
  ASSERT_TRUE(trace.wait_for("up")) << trace.screen();
  ::kill(trace.pid(), SIGTERM);
  ::usleep(100);  // at once they could be one for the kernel already
  ::kill(trace.pid(), SIGTERM);
  EXPECT_EQ(trace.finish(), 128 + SIGTERM) << trace.screen();
  const std::string lines = read_text(folder_ / "t");
  EXPECT_THAT(lines, HasSubstr("absent.txt"));
  EXPECT_THAT(lines, HasSubstr("\"type\":\"end\""));
}

TEST_F(Terminal, AShellThatLosesItsTerminalIsOver) {
  OnTerminal shell(with({"shell", "--image", "host"}), on_terminal());
  ASSERT_TRUE(shell.wait_for("[host] ")) << shell.screen();
  EXPECT_EQ(shell.hang_up(), 128 + SIGHUP);
}

}  // namespace
}  // namespace driftcage::cli_test

// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <tuple>
#include <vector>

#include "tests/unit/scenario/examples.h"

namespace driftcage::scenario {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Argv = std::vector<std::string>;

Scenario parsed(const std::string& part) {
  const std::string text = complete(part);
  auto result = parse(text, "s.toml");
  if (result) return *result;
  for (const Diagnostic& mistake : result.error()) {
    ADD_FAILURE() << render(mistake, text);
  }
  return {};
}

Effects fault_of(const std::string& part) {
  const Scenario scenario = parsed("[[fault]]\n" + part);
  return scenario.faults.empty() ? Effects{} : scenario.faults[0].effects;
}

TEST(Parse, EveryValidExample) {
  const auto examples = read_examples("valid.txt");
  ASSERT_GT(examples.size(), 20u);
  for (const Example& example : examples) {
    SCOPED_TRACE(example.title);
    parsed(example.text);
  }
}

TEST(Parse, EveryShippedScenario) {
  for (const std::string& path : shipped_scenarios()) {
    const std::string text = read_text(path);
    const auto result = parse_all(
        text, path,
        {{}, [](const std::string& file) -> base::Result<std::string> {
           return read_text(file);
         }});
    EXPECT_TRUE(result) << (result ? "" : render(result.error()[0], text));
  }
}

TEST(Parse, Defaults) {
  const Scenario scenario = parsed("");
  EXPECT_EQ(scenario.file, "s.toml");
  EXPECT_EQ(scenario.source, complete(""));
  EXPECT_EQ(scenario.id, "a/b");
  EXPECT_EQ(scenario.title, "t");
  EXPECT_THAT(scenario.run, ElementsAre("true"));
  EXPECT_FALSE(scenario.shell);
  EXPECT_EQ(scenario.timeout_ms, 60'000u);
  EXPECT_EQ(scenario.cache, CacheState::Pristine);
  EXPECT_TRUE(scenario.baseline.empty());
  EXPECT_FALSE(scenario.weak());
  EXPECT_FALSE(scenario.control.exit);
}

TEST(Parse, CacheIsWarmWhereGoMayRun) {
  for (const char* part :
       {"sh = 'cgo build'\n", "[[fix]]\nid = 'f'\nrun = ['GO']\n",
        "[needs]\ntools = { go = '*' }\n", "env = { GOFLAGS = '-x' }\n",
        "[files]\n'Makefile' = 'a:\\n\\tgo vet'\n",
        "setup = [['true'], ['sh', '-c', 'gofmt']]\n",
        // Makes sense only where the other legs have one.
        "[[fault]]\nid = 'x'\ncache = 'cold'\n",
        // The names of keys mean something in their places only.
        "env = { id = 'go' }\n", "[files]\n'control' = 'go vet'\n",
        // What is in it cannot be seen.
        "[files]\n'a' = { base64 = 'Z28K' }\n",
        "mount.'/src' = { from = { image = 'i', path = '/p' } }\n"}) {
    EXPECT_EQ(parsed(part).cache, CacheState::Warm) << part;
  }
  for (const char* part :
       {"sh = 'g o'\n", "about = 'go'\n", "group = 'go'\n"}) {
    EXPECT_EQ(parsed(part).cache, CacheState::Pristine) << part;
  }
  EXPECT_EQ(parsed("cache = 'warm'\n").cache, CacheState::Warm);
  EXPECT_EQ(parsed("cache = 'cold'\nsh = 'go vet'\n").cache, CacheState::Cold);
}

TEST(Parse, KeysAtTheTop) {
  const Scenario scenario = parsed(
      "about = 'x'\ntags = ['a', 'b:1']\nrefs = ['r']\ntimeout = '1m30s'\n"
      "legs = ['fault']\n");
  EXPECT_EQ(scenario.about, "x");
  EXPECT_THAT(scenario.tags, ElementsAre("a", "b:1"));
  EXPECT_THAT(scenario.refs, ElementsAre("r"));
  EXPECT_EQ(scenario.timeout_ms, 90'000u);
  EXPECT_TRUE(scenario.weak());
}

TEST(Parse, ShellLine) {
  const Scenario scenario = parsed("sh = 'echo $x'\n");
  EXPECT_THAT(scenario.run, ElementsAre("/bin/sh", "-c", "echo $x"));
  EXPECT_TRUE(scenario.shell);
}

TEST(Parse, Needs) {
  const Needs needs = parsed(
                          "[needs]\ntools = { go = '>=1.20', gcc = '*' }\n"
                          "features = ['userns']\nlibc = 'musl'\n"
                          "arch = ['arm64']\n")
                          .needs;
  EXPECT_THAT(needs.tools, ElementsAre(Pair("gcc", "*"), Pair("go", ">=1.20")));
  EXPECT_THAT(needs.features, ElementsAre("userns"));
  EXPECT_EQ(needs.libc, "musl");
  EXPECT_THAT(needs.arch, ElementsAre("arm64"));
}

TEST(Parse, Baseline) {
  const Scenario scenario = parsed(
      "cache = 'cold'\nuser = 'nobody'\nsetup = ['go', 'version']\n"
      "[env]\nA = '1'\nB = false\n[files]\n'z' = 'x'\n'a' = 'y'\n");
  EXPECT_EQ(scenario.cache, CacheState::Cold);
  const Effects& base = scenario.baseline;
  EXPECT_EQ(base.cache, CacheState::Cold);
  EXPECT_EQ(base.user, "nobody");
  EXPECT_THAT(base.setup, ElementsAre(Argv{"go", "version"}));
  EXPECT_EQ(base.env.at("A"), "1");
  EXPECT_FALSE(base.env.at("B").has_value());
  // In the order of the file, not of the alphabet.
  ASSERT_EQ(base.files.size(), 2u);
  EXPECT_EQ(base.files[0].path, "z");
  EXPECT_EQ(base.files[1].text, "y");
}

TEST(Parse, PathEffects) {
  const PathChange path =
      fault_of(
          "path = { drop = ['gcc'], prepend = ['/a'], remove = ['/b'], "
          "set = '/c' }\n")
          .path;
  EXPECT_THAT(path.drop, ElementsAre("gcc"));
  EXPECT_THAT(path.prepend, ElementsAre("/a"));
  EXPECT_THAT(path.remove, ElementsAre("/b"));
  EXPECT_EQ(path.set, "/c");
}

TEST(Parse, FileEffects) {
  const Effects effects = fault_of(
      "hide = ['/h']\nchmod.'c' = '0640'\ntruncate.'t' = '1KiB'\n"
      "corrupt.'x' = { offset = 3, length = 2 }\ncorrupt.'y' = {}\n"
      "files.'f' = { text = 'b', mode = '755' }\n"
      "files.'l' = { symlink = 's' }\n");
  EXPECT_THAT(effects.hide, ElementsAre("/h"));
  EXPECT_EQ(effects.chmod.at("c"), 0640u);
  EXPECT_EQ(effects.truncate.at("t"), 1024u);
  EXPECT_THAT(effects.corrupt, ElementsAre(model::op::Corrupt{"x", 3, 2},
                                           model::op::Corrupt{"y", 0, 1}));
  ASSERT_EQ(effects.files.size(), 2u);
  EXPECT_EQ(effects.files[0].text, "b");
  EXPECT_EQ(effects.files[0].mode, 0755u);
  EXPECT_EQ(effects.files[1].symlink, "s");
  EXPECT_FALSE(effects.files[1].text);
}

TEST(Parse, Mounts) {
  const auto mounts =
      fault_of(
          "mount.'/a' = { size = '256KiB', inodes = 5, noexec = true }\n"
          "mount.'/b' = { ro = true }\nmount.'/c' = { tmpfs = true }\n"
          "mount.'/d' = { from = { image = 'i', path = '/p' } }\n")
          .mounts;
  ASSERT_EQ(mounts.size(), 4u);
  EXPECT_EQ(mounts[0].at, "/a");
  EXPECT_EQ(mounts[0].size, 256u << 10);
  EXPECT_EQ(mounts[0].inodes, 5u);
  EXPECT_TRUE(mounts[0].noexec);
  EXPECT_TRUE(mounts[0].tmpfs);
  EXPECT_FALSE(mounts[0].read_only);
  EXPECT_TRUE(mounts[1].read_only);
  EXPECT_FALSE(mounts[1].tmpfs);
  EXPECT_TRUE(mounts[2].tmpfs);
  EXPECT_EQ(mounts[3].from_image, "i");
  EXPECT_EQ(mounts[3].from_path, "/p");
}

TEST(Parse, ProcessEffects) {
  const Effects effects = fault_of(
      "limit = { nofile = 16, nproc = 1, fsize = '0B', data = '1MiB', "
      "as = '1GiB', stack = '2B', cpu = 3, core = '4B' }\nuser = '1000'\n"
      "umask = '027'\nnet = 'host'\nproc = 'none'\ndev.drop = ['null']\n"
      "clock = '-1d'\ncache = 'pristine'\nsetup.sh = 'x'\n");
  model::Limits limits;
  limits.nofile = 16;
  limits.nproc = 1;
  limits.fsize = 0;
  limits.data = 1u << 20;
  limits.as = 1u << 30;
  limits.stack = 2;
  limits.cpu = 3;
  limits.core = 4;
  EXPECT_EQ(effects.limits, limits);
  EXPECT_EQ(effects.user, "1000");
  EXPECT_EQ(effects.umask, 027u);
  EXPECT_EQ(effects.net, model::Network::Host);
  EXPECT_EQ(effects.proc, model::ProcView::None);
  EXPECT_THAT(effects.drop_devices, ElementsAre("null"));
  EXPECT_EQ(effects.clock_offset_s, -86'400);
  EXPECT_EQ(effects.cache, CacheState::Pristine);
  EXPECT_THAT(effects.setup, ElementsAre(Argv{"/bin/sh", "-c", "x"}));
}

TEST(Parse, Commands) {
  EXPECT_THAT(fault_of("setup.run = [['a', 'b'], ['c']]\n").setup,
              ElementsAre(Argv{"a", "b"}, Argv{"c"}));
  EXPECT_THAT(fault_of("setup.run = ['a', 'b']\n").setup,
              ElementsAre(Argv{"a", "b"}));
}

TEST(Parse, FaultNames) {
  EXPECT_EQ(parsed("[[fault]]\nenv.A = '1'\n").faults[0].id, "fault");
  const Scenario two = parsed(
      "[[fault]]\nid = 'x'\nenv.A = '1'\n[[fault]]\nid = 'y'\nenv.A = '2'\n");
  EXPECT_EQ(two.faults[0].id, "x");
  EXPECT_EQ(two.faults[1].id, "y");
  EXPECT_EQ(two.faults[1].at.line, kHeadLines + 4);
}

TEST(Parse, Exits) {
  using Exit = ExitPattern::Kind;
  const auto exit_of = [](const std::string& value) {
    return *parsed("[expect]\nstdout = 'x'\nexit = " + value + "\n")
                .expect.leg.exit;
  };
  EXPECT_THAT(exit_of("3").codes, ElementsAre(3));
  EXPECT_THAT(exit_of("[1, 2]").codes, ElementsAre(1, 2));
  EXPECT_EQ(exit_of("'nonzero'").kind, Exit::Nonzero);
  EXPECT_EQ(exit_of("'any'").kind, Exit::Any);
  EXPECT_EQ(exit_of("{ signal = 'SIGSEGV' }").kind, Exit::Signal);
  EXPECT_EQ(exit_of("{ signal = 'SIGSEGV' }").signal, SIGSEGV);
  EXPECT_EQ(exit_of("{ spawn = 'ENOENT' }").kind, Exit::Spawn);
  EXPECT_EQ(exit_of("{ spawn = 'ENOENT' }").spawn_err, ENOENT);
  EXPECT_EQ(exit_of("3").at,
            (model::SourceRange{"s.toml", kHeadLines + 3, 8, 1}));
}

TEST(Parse, Outputs) {
  using Stream = OutputPattern::Stream;
  const auto output = parsed(
                          "[expect]\nstdout = 'a'\nstderr = ['b', 'c']\n"
                          "stdout_re = ['d']\nstderr_re = 'e'\n")
                          .expect.leg.output;
  ASSERT_EQ(output.size(), 5u);
  EXPECT_EQ(output[0].stream, Stream::Stdout);
  EXPECT_EQ(output[0].text, "a");
  EXPECT_FALSE(output[0].regex);
  EXPECT_EQ(output[2].stream, Stream::Stderr);
  EXPECT_EQ(output[2].text, "c");
  EXPECT_EQ(output[2].at.column, 16u);
  EXPECT_TRUE(output[3].regex);
  EXPECT_EQ(output[3].stream, Stream::Stdout);
  EXPECT_EQ(output[4].stream, Stream::Stderr);
}

TEST(Parse, EventLinesWithPlaces) {
  const Expect expect = parsed(
                            "[[fault]]\nenv.A = '1'\n[expect]\n"
                            "see = ['open /a',\n  \"stat \\\"/b c\\\"\"]\n"
                            "never = ['exec /c']\nkeep = ['open /d = ok']\n")
                            .expect;
  ASSERT_EQ(expect.see.size(), 2u);
  EXPECT_EQ(expect.see[0].text, "open /a");
  EXPECT_EQ(expect.see[0].at,
            (model::SourceRange{"s.toml", kHeadLines + 4, 9, 7}));
  EXPECT_EQ(expect.see[1].subject, "/b c");
  // Escapes make the source longer than the text.
  EXPECT_EQ(expect.see[1].at,
            (model::SourceRange{"s.toml", kHeadLines + 5, 4, 13}));
  EXPECT_EQ(expect.never[0].subject, "/c");
  EXPECT_EQ(expect.keep[0].result.kind, model::ResultPattern::Kind::Ok);
}

TEST(Parse, LongForm) {
  const Expect expect = parsed(
                            "[[fault]]\nenv.A = '1'\n[expect]\n"
                            "see = ['open /a']\n[[expect.event]]\n"
                            "verb = 'stat'\nsubject = '/x'\nresult = 'ENOENT'\n"
                            "by = 'go'\ncount = '2..3'\nsyscall = 'statx'\n"
                            "say = 's'\nhint = 'h'\nid = 'i'\n"
                            "[[expect.event]]\nin = 'never'\nverb = 'any'\n"
                            "subject = '/y'\ncount = 4\n")
                            .expect;
  ASSERT_EQ(expect.see.size(), 2u);
  const model::EventLine& line = expect.see[1];
  EXPECT_EQ(line.verb, model::Verb::Stat);
  EXPECT_EQ(line.syscall, model::Syscall::Statx);
  EXPECT_EQ(line.text, "stat /x = ENOENT by go x2..3");
  EXPECT_EQ(line.say, "s");
  EXPECT_EQ(line.hint, "h");
  EXPECT_EQ(line.id, "i");
  EXPECT_EQ(line.at.line, kHeadLines + 5);
  ASSERT_EQ(expect.never.size(), 1u);
  EXPECT_FALSE(expect.never[0].verb);
  EXPECT_EQ(expect.never[0].count, (model::CountRange{4, 4}));
}

TEST(Parse, Fixes) {
  const Scenario scenario = parsed(
      "[control]\nexit = 3\nstdout = 'c'\n[[fault]]\nid = 'a'\nenv.A = '1'\n"
      "[[fix]]\nid = 'x'\nsay = 's'\nlift = ['a']\n"
      "[[fix]]\nid = 'y'\nrun = ['go', 'clean']\nwrong = true\n"
      "expect = { exit = 'nonzero' }\nenv.A = false\n"
      "[[fix]]\nid = 'z'\nsh = 'true'\n");
  EXPECT_THAT(scenario.control.exit->codes, ElementsAre(3));
  EXPECT_EQ(scenario.control.output.size(), 1u);
  ASSERT_EQ(scenario.fixes.size(), 3u);
  const auto& [lift, decoy, line] =
      std::tie(scenario.fixes[0], scenario.fixes[1], scenario.fixes[2]);
  EXPECT_EQ(lift.id, "x");
  EXPECT_EQ(lift.say, "s");
  EXPECT_THAT(lift.lift, ElementsAre("a"));
  EXPECT_FALSE(lift.wrong);
  EXPECT_TRUE(decoy.wrong);
  EXPECT_THAT(decoy.run, ElementsAre(Argv{"go", "clean"}));
  EXPECT_EQ(decoy.expect.exit->kind, ExitPattern::Kind::Nonzero);
  EXPECT_EQ(decoy.effects.env.count("A"), 1u);
  EXPECT_THAT(line.run, ElementsAre(Argv{"/bin/sh", "-c", "true"}));
  EXPECT_THAT(line.lift, IsEmpty());
}

TEST(Effects, EmptyKnowsEveryEffect) {
  for (const EffectInfo& effect : effects()) {
    EXPECT_FALSE(fault_of(effect.example + "\n").empty()) << effect.example;
  }
}

}  // namespace
}  // namespace driftcage::scenario

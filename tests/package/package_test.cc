// SPDX-License-Identifier: Apache-2.0
// What is installed and packed, as other people use it: a C++ project whose
// tests are scenarios, and a Debian package on a root that has nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <pugixml.hpp>

#include "tests/cli/command.h"
#include "tests/cli/scenario_text.h"

namespace driftcage::package_test {
namespace {

namespace fs = std::filesystem;
using cli_test::execute;
using cli_test::Outcome;
using cli_test::Setting;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Package : public cli_test::CageProject {
 protected:
  void SetUp() override {
    CageProject::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (::access(DRIFTCAGE_BUILD_DIR, W_OK) != 0) {
      GTEST_SKIP() << "installing writes into the build folder, which is "
                      "another user's";
    }
  }
  [[nodiscard]] Setting own() const {
    Setting setting = here();
    setting.set["XDG_STATE_HOME"] = at("state");
    return setting;
  }
  [[nodiscard]] std::string at(const std::string& name) const {
    return (folder_ / name).string();
  }
  // Runs a program that must succeed; its output.
  std::string must(const std::vector<std::string>& argv) const {
    const Outcome outcome = execute(argv, own());
    EXPECT_EQ(outcome.code, 0) << argv[0] << "\n" << outcome.out << outcome.err;
    return outcome.out;
  }
};

// A project of somebody else, built against what was installed and then moved.
class Consumer : public Package {
 protected:
  void SetUp() override {
    Package::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    must({DRIFTCAGE_CMAKE, "--install", DRIFTCAGE_BUILD_DIR, "--prefix",
          at("installed")});
    fs::rename(folder_ / "installed", folder_ / "moved");
    fs::copy(DRIFTCAGE_SOURCE_DIR "/tests/package/consumer",
             folder_ / "consumer", fs::copy_options::recursive);
    must({DRIFTCAGE_CMAKE, "-S", "consumer", "-B", "build",
          "-DCMAKE_PREFIX_PATH=" + at("moved")});
    must({DRIFTCAGE_CMAKE, "--build", "build"});
  }
  [[nodiscard]] Outcome tests(const std::vector<std::string>& arguments,
                              Setting setting) const {
    std::vector<std::string> argv{at("build/consumer_tests")};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return execute(argv, setting);
  }
  // Names of the tests that a program's output says it ran.
  static std::set<std::string> ran(const std::string& out) {
    std::set<std::string> names;
    constexpr std::string_view kMark = "[ RUN      ] ";
    for (std::size_t begin = out.find(kMark); begin != std::string::npos;
         begin = out.find(kMark, begin + 1)) {
      const std::size_t name = begin + kMark.size();
      names.insert(out.substr(name, out.find('\n', name) - name));
    }
    return names;
  }
};

TEST_F(Consumer, ScenariosAreTestsAmongItsOwn) {
  const Outcome all = tests({"--gtest_output=xml:out.xml"}, own());
  EXPECT_EQ(all.code, 1) << all.out << all.err;
  EXPECT_THAT(ran(all.out),
              ElementsAre("Own.Works", "tiny.bad_one", "tiny.good",
                          "tiny.skipped", "tiny.two_a_", "tiny.two_b_"));
  EXPECT_THAT(all.out, HasSubstr("[  PASSED  ] 4 tests."));
  EXPECT_THAT(all.out, ContainsRegex("SKIPPED.* tiny.skipped"));
  EXPECT_THAT(all.out, Not(HasSubstr("--max-skips")));
  // The report, with the place in the scenario.
  EXPECT_THAT(all.out, HasSubstr("bad-one.toml:15:10: error: not seen in the"));

  pugi::xml_document document;
  ASSERT_TRUE(document.load_file(at("out.xml").c_str()));
  const pugi::xml_node suites = document.child("testsuites");
  EXPECT_STREQ(suites.attribute("tests").value(), "6");
  EXPECT_STREQ(suites.attribute("failures").value(), "1");
  const pugi::xml_node bad = suites.find_node([](const pugi::xml_node& node) {
    return std::string_view(node.attribute("name").value()) == "bad_one";
  });
  EXPECT_STREQ(bad.attribute("value_param").value(), "tiny/bad-one");

  // Filters and shards are GoogleTest's.
  const Outcome filtered = tests({"--gtest_filter=tiny.t*:Own.*"}, own());
  EXPECT_EQ(filtered.code, 0) << filtered.out;
  EXPECT_THAT(ran(filtered.out),
              ElementsAre("Own.Works", "tiny.two_a_", "tiny.two_b_"));
  std::set<std::string> together;
  std::size_t count = 0;
  for (const char* index : {"0", "1", "2"}) {
    Setting setting = own();
    setting.set["GTEST_TOTAL_SHARDS"] = "3";
    setting.set["GTEST_SHARD_INDEX"] = index;
    const auto part = ran(tests({}, setting).out);
    count += part.size();
    together.insert(part.begin(), part.end());
  }
  EXPECT_EQ(count, 6u);
  EXPECT_EQ(together, ran(all.out));

  // CTest has found them when the project was built.
  const Outcome ctest =
      execute({DRIFTCAGE_CTEST, "--test-dir", "build"}, own());
  EXPECT_THAT(ctest.out, ContainsRegex("tiny.good [^\n]*Passed"));
  EXPECT_THAT(ctest.out, ContainsRegex("tiny.skipped [^\n]*Skipped"));
  EXPECT_THAT(ctest.out, ContainsRegex("tiny.bad_one [^\n]*Failed"));
  EXPECT_THAT(ctest.out, HasSubstr("out of 6"));
}

TEST_F(Package, AProgramOfAFolderOfScenarios) {
  const std::string folder =
      DRIFTCAGE_SOURCE_DIR "/tests/package/consumer/scenarios";
  const Outcome good =
      execute({DRIFTCAGE_GTEST_PROGRAM, folder, "--gtest_filter=*good"}, own());
  EXPECT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_THAT(good.out, HasSubstr("[       OK ] tiny.good"));
  const Outcome none = execute({DRIFTCAGE_GTEST_PROGRAM, "nowhere"}, own());
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("nowhere: No such file or directory"));
  write("scenarios/x.toml", "schema = 1\nnonsense\n");
  const Outcome broken = execute({DRIFTCAGE_GTEST_PROGRAM, "scenarios"}, own());
  EXPECT_EQ(broken.code, 2);
  EXPECT_THAT(broken.err, HasSubstr("x.toml:2:"));
}

// The package on a root that holds what it asks for and nothing else.
TEST_F(Package, ADebianPackageRunsOnAFreshRoot) {
  must({DRIFTCAGE_CPACK, "-G", "DEB", "-B", at("packages"), "--config",
        DRIFTCAGE_BUILD_DIR "/CPackConfig.cmake"});
  std::string deb;
  for (const auto& entry : fs::directory_iterator(folder_ / "packages")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("driftcage_") && name.ends_with(".deb")) {
      deb = entry.path().string();
    }
    if (name.starts_with("driftcage-dev_")) {
      EXPECT_THAT(must({"dpkg-deb", "-f", entry.path().string(), "Depends"}),
                  ContainsRegex("driftcage \\(= .*libgtest-dev|"
                                "libgtest-dev.*driftcage \\(="));
    }
  }
  ASSERT_FALSE(deb.empty());
  const std::string depends = must({"dpkg-deb", "-f", deb, "Depends"});
  for (const char* library : {"libarchive13", "libre2-", "libfmt", "libssl3",
                              "libc6", "libstdc++6", "libpugixml"}) {
    EXPECT_THAT(depends, HasSubstr(library));
  }
  EXPECT_THAT(depends, Not(HasSubstr("boost")));
  EXPECT_THAT(must({"dpkg-deb", "-c", deb}),
              HasSubstr("./usr/share/man/man1/driftcage-run.1"));

  // A root with these packages, made by a recipe.
  std::string names;
  for (std::size_t at = 0; at < depends.size();) {
    const std::size_t end = std::min(depends.find(", ", at), depends.size());
    const std::string one = depends.substr(at, end - at);
    names += "\"" + one.substr(0, one.find_first_of(" \n:|")) + "\", ";
    at = end + 2;
  }
  write("images/fresh.toml",
        "schema = 1\ntitle = \"What the package asks for\"\n[debian]\n"
        "suites = [\"bookworm\"]\npackages = [" +
            names + "]\n");
  fs::create_directory(folder_ / "debs");
  fs::copy_file(deb, folder_ / "debs/driftcage.deb");
  write("debs/tiny.toml", cli_test::scenario("tiny/inside", "ENOENT"));
  write("scenarios/fresh/install.toml",
        "schema = 1\nid = \"fresh/install\"\ntitle = \"It installs and runs\"\n"
        "timeout = \"5m\"\n"
        "sh = '''\nset -e\ndpkg -i /debs/driftcage.deb\ncd /\n"
        "driftcage --version\ndriftcage check\n"
        "test -s /usr/share/man/man1/driftcage.1\n"
        "test -s /usr/share/bash-completion/completions/driftcage\n'''\n"
        "[[mount]]\nat = \"/debs\"\nfrom = { image = \"dir:" +
            at("debs") +
            "\", path = \"/\" }\n"
            "[[fault]]\nid = \"no-library\"\n"
            "hide = [\"/usr/lib/x86_64-linux-gnu/libarchive.so.13\"]\n"
            "[expect]\nexit = \"nonzero\"\n"
            "stderr = [\"libarchive.so.13\"]\n"
            "see = [\"load libarchive.so.13 = none by driftcage\"]\n");
  Setting setting = own();
  // Packages are downloaded once for all tests of this build.
  setting.set["XDG_CACHE_HOME"] = std::string(DRIFTCAGE_BUILD_DIR) +
                                  "/image-store-" + std::to_string(::geteuid());
  const Outcome run = cli_test::driftcage(
      {"run", "--image", "fresh", "--record", "r"}, setting);
  EXPECT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, ContainsRegex("PASS +fresh/install"));
  const std::string said =
      cli_test::read_text(folder_ / "r/fresh/fresh/install/control/stdout");
  EXPECT_THAT(said, HasSubstr("driftcage 0.1.0"));
  EXPECT_THAT(said, HasSubstr("usr/share/driftcage/scenarios/"));
  // A cage in the cage; not in a leg, which is traced already.
  setting.input =
      "dpkg -i /debs/driftcage.deb >&2 && driftcage run /debs/tiny.toml\n";
  const Outcome inner =
      cli_test::driftcage({"shell", "r/fresh/install/control"}, setting);
  EXPECT_THAT(inner.out, ContainsRegex("PASS +tiny/inside"));
  EXPECT_EQ(inner.code, 0) << inner.out << inner.err;
}

}  // namespace
}  // namespace driftcage::package_test

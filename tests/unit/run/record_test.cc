// SPDX-License-Identifier: Apache-2.0
#include "harness/run/record.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class RecordTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "driftcage-record-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    ::setenv("XDG_STATE_HOME", (dir_ / "state").c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_STATE_HOME");
    fs::remove_all(dir_);
  }

  static json read_json(const fs::path& file) {
    std::ifstream in(file);
    return json::parse(in);
  }
  static ScenarioResult result_for(const std::string& folder) {
    ScenarioResult result;
    result.scenario.id = "go/x";
    result.scenario.expect.see.emplace_back().text = "exec **/gcc";
    result.image = "host";
    result.record_folder = folder;
    result.judgement.verdict = model::Verdict::Fail;
    result.judgement.reason = "because \xff";
    match::LegResult leg;
    leg.name = "fix:a";
    leg.lines.resize(1);
    leg.lines[0].count = 3;
    leg.lines[0].first.resize(1);
    leg.lines[0].first[0].event.path = "/usr/bin/gcc";
    leg.lines[0].first[0].event.err = ENOENT;
    result.legs.push_back(leg);
    return result;
  }

  // A folder that looks like a run record.
  void make_run(const std::string& name, const std::string& run_json) {
    fs::create_directories(dir_ / name / "host");
    std::ofstream(dir_ / name / "run.json") << run_json;
  }

  fs::path dir_;
};

TEST_F(RecordTest, WritesRunResultsAndLatest) {
  auto writer = RecordWriter::create("");
  ASSERT_TRUE(writer) << writer.error().message();
  ASSERT_TRUE(writer->begin(RunHead{}));
  EXPECT_FALSE(read_json(writer->folder() + "/run.json")["complete"]);
  const auto folder = writer->scenario_folder("host", "go/x");
  ASSERT_TRUE(folder);
  ASSERT_TRUE(writer->add(result_for(*folder), {{"WORK", "/work"}}));
  SuiteResult done;
  done.verdicts[static_cast<int>(model::Verdict::Fail)] = 1;
  done.signal = 2;
  ASSERT_TRUE(writer->finish(done));

  const json run = read_json(dir_ / "state/driftcage/runs/latest/run.json");
  EXPECT_EQ(run["schema"], 2);
  EXPECT_EQ(run["run_id"], writer->run_id());
  EXPECT_TRUE(run["complete"]);
  EXPECT_EQ(run["signal"], "SIGINT");
  EXPECT_EQ(run["verdicts"], json({{"fail", 1}}));

  const json line = read_json(writer->folder() + "/results.jsonl");
  EXPECT_EQ(line["id"], "go/x");
  EXPECT_EQ(line["folder"], "host/go/x");

  const json result = read_json(*folder + "/result.json");
  EXPECT_EQ(result["verdict"], "fail");
  EXPECT_EQ(result["reason"], "because \xEF\xBF\xBD");
  EXPECT_EQ(result["legs"][0]["folder"], "fix-a");
  const json& event = result["legs"][0]["lines"][0]["first"][0];
  EXPECT_EQ(event["errno"], "ENOENT");
  EXPECT_EQ(event["path"], "/usr/bin/gcc");
}

TEST_F(RecordTest, TakesNoFolderWithSomethingInIt) {
  std::ofstream(dir_ / "precious") << "x";
  const auto writer = RecordWriter::create(dir_.string());
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().err, ENOTEMPTY);
  EXPECT_TRUE(fs::exists(dir_ / "precious"));
}

TEST_F(RecordTest, TakesAnEmptyOrNewFolder) {
  EXPECT_TRUE(RecordWriter::create((dir_ / "a/b").string()));
  fs::create_directory(dir_ / "empty");
  EXPECT_TRUE(RecordWriter::create((dir_ / "empty").string()));
}

TEST_F(RecordTest, SameIdTwiceGetsTwoFolders) {
  auto writer = RecordWriter::create((dir_ / "r").string());
  ASSERT_TRUE(writer);
  const auto first = writer->scenario_folder("host", "a");
  ASSERT_TRUE(base::sys::write_file(*first + "/scenario.toml", ""));
  const auto second = writer->scenario_folder("host", "a");
  ASSERT_TRUE(second);
  EXPECT_NE(*first, *second);
}

TEST_F(RecordTest, RemovesOnlyOldRunsOfItsOwn) {
  const std::string ours = R"({"tool": "driftcage", "complete": true})";
  make_run("20250101-000000-0001", ours);
  make_run("20250101-000000-0002", R"({"tool": "other", "complete": true})");
  make_run("20250101-000000-0003",
           R"({"tool": "driftcage", "complete": false})");
  make_run("my-notes", ours);
  fs::create_directory(dir_ / "20250101-000000-0004");
  fs::create_directory(dir_ / "elsewhere");
  std::ofstream(dir_ / "elsewhere/run.json") << ours;
  fs::create_directory_symlink(dir_ / "elsewhere",
                               dir_ / "20250101-000000-0005");
  make_run("20250101-000000-0006", ours);
  make_run("20260101-000000-0007", ours);
  remove_old_runs(dir_.string(), 2);
  EXPECT_FALSE(fs::exists(dir_ / "20250101-000000-0001"));
  EXPECT_TRUE(fs::exists(dir_ / "20250101-000000-0002"));
  EXPECT_TRUE(fs::exists(dir_ / "20250101-000000-0003"));
  EXPECT_TRUE(fs::exists(dir_ / "20250101-000000-0004"));
  EXPECT_TRUE(fs::exists(dir_ / "20250101-000000-0005"));
  EXPECT_TRUE(fs::exists(dir_ / "elsewhere/run.json"));
  EXPECT_TRUE(fs::exists(dir_ / "20250101-000000-0006"));
  EXPECT_TRUE(fs::exists(dir_ / "20260101-000000-0007"));
  EXPECT_TRUE(fs::exists(dir_ / "my-notes"));
}

TEST(RecordNames, AreFolderNames) {
  EXPECT_EQ(leg_folder("fix:go-clean"), "fix-go-clean");
  EXPECT_EQ(leg_folder("control"), "control");
  EXPECT_EQ(image_folder("dir:/srv/root"), "dir__srv_root");
  EXPECT_EQ(image_folder(".."), "_..");
}

}  // namespace
}  // namespace driftcage::run

// SPDX-License-Identifier: Apache-2.0
#include "harness/report/go_test.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <ctime>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/report/case.h"
#include "harness/run/result_json.h"

namespace driftcage::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxText = 50'000;

// RFC 3339 with the fraction that Go writes.
std::string now() {
  struct ::timespec time {};
  ::clock_gettime(CLOCK_REALTIME, &time);
  struct ::tm utc {};
  ::gmtime_r(&time.tv_sec, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:09}Z", text.data(), time.tv_nsec);
}

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

class GoTest : public Stream {
 public:
  std::string begin(std::size_t) override { return {}; }

  std::string add(const run::ScenarioResult& result) override {
    out_.clear();
    package_ = "driftcage/" + folder_of(result.scenario.id);
    Package& package = packages_[package_];
    if (!package.started) emit("start", "", -1);
    package.started = true;
    package.ns += result.duration_ns;
    const CaseKind kind = kind_of(result.judgement.verdict);
    const bool bad = kind == CaseKind::Failed || kind == CaseKind::Broken;
    package.bad |= bad;

    const std::string test = test_name(result);
    emit("run", test, -1);
    for (const match::LegResult& leg : result.legs) {
      bool wrong = false;
      for (const match::Finding& finding : result.judgement.findings) {
        wrong |= finding.leg == leg.name;
      }
      const std::string sub = test + "/" + go_name(leg.name);
      emit("run", sub, -1);
      emit(wrong ? "fail" : "pass", sub, seconds(leg.end.duration_ns));
    }
    for (const run::Attempt& attempt : result.retried) {
      output(test, "tried before: " +
                       std::string(model::verdict_name(attempt.verdict)) +
                       ": " + attempt.reason + "\n");
    }
    const std::string text =
        bad ? full_text(result, kMaxText) : headline(result) + "\n";
    if (kind != CaseKind::Passed) output(test, text);
    emit(bad                         ? "fail"
         : kind == CaseKind::Skipped ? "skip"
                                     : "pass",
         test, seconds(result.duration_ns));
    return out_;
  }

  std::string end(const run::SuiteResult& result) override {
    out_.clear();
    if (const std::string gap = not_run_text(result); !gap.empty()) {
      package_ = "driftcage";
      packages_[package_].bad = true;
      const std::string test = go_name(kWholeRun);
      emit("start", "", -1);
      emit("run", test, -1);
      output(test, gap + "\n");
      emit("fail", test, 0);
    }
    for (const auto& [name, package] : packages_) {
      package_ = name;
      emit(package.bad ? "fail" : "pass", "", seconds(package.ns));
    }
    return out_;
  }

 private:
  struct Package {
    bool started = false;
    bool bad = false;
    std::uint64_t ns = 0;
  };

  // Slashes part subtests, blanks are underscores: as testing.T.Name() has it.
  static std::string go_name(std::string name) {
    for (char& c : name) {
      if (c == ' ') c = '_';
      if (c == '/') c = '.';
    }
    return name;
  }

  static std::string test_name(const run::ScenarioResult& result) {
    std::string name = case_name(result);
    const std::string folder = folder_of(result.scenario.id);
    if (folder != ".") name.erase(0, folder.size() + 1);
    return go_name(name);
  }

  void emit(const char* action, const std::string& test, double elapsed) {
    Json json = {{"Time", now()}, {"Action", action}, {"Package", package_}};
    if (!test.empty()) json["Test"] = test;
    if (elapsed >= 0) json["Elapsed"] = elapsed;
    out_ += run::json_text(json, -1);
  }

  void output(const std::string& test, std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      out_ += run::json_text({{"Time", now()},
                              {"Action", "output"},
                              {"Package", package_},
                              {"Test", test},
                              {"Output", text.substr(0, end)}},
                             -1);
      text.remove_prefix(end);
    }
  }

  std::map<std::string, Package> packages_;
  std::string package_;
  std::string out_;
};

}  // namespace

std::unique_ptr<Stream> go_test_stream() { return std::make_unique<GoTest>(); }

}  // namespace driftcage::report

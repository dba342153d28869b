// SPDX-License-Identifier: Apache-2.0
#include "harness/report/jsonl.h"

#include <iterator>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/wait_status.h"
#include "harness/report/case.h"
#include "harness/run/result_json.h"

namespace driftcage::report {
namespace {

using Json = nlohmann::ordered_json;

Json legs_json(const run::ScenarioResult& result) {
  Json legs = Json::array();
  for (const match::LegResult& leg : result.legs) {
    std::size_t wrong = 0;
    for (const match::Finding& finding : result.judgement.findings) {
      if (finding.leg == leg.name) ++wrong;
    }
    legs.push_back({{"name", leg.name},
                    {"outcome", wire::outcome_name(leg.end.outcome)},
                    {"status", leg.end.status.text()},
                    {"seconds", static_cast<double>(leg.end.duration_ns) / 1e9},
                    {"events", leg.end.events},
                    {"integrity", model::integrity_text(leg.end.integrity)},
                    {"wrong", wrong}});
  }
  return legs;
}

Json findings_json(const run::ScenarioResult& result) {
  Json findings = Json::array();
  for (const match::Finding& finding : result.judgement.findings) {
    findings.push_back({{"leg", finding.leg},
                        {"verdict", model::verdict_name(finding.verdict)},
                        {"message", finding.message},
                        {"line", finding.at.line},
                        {"column", finding.at.column}});
  }
  return findings;
}

class Jsonl : public Stream {
 public:
  std::string begin(std::size_t scenarios) override {
    return run::json_text(
        {{"v", kResultsVersion}, {"type", "run"}, {"scenarios", scenarios}},
        -1);
  }

  std::string add(const run::ScenarioResult& result) override {
    Json retried = Json::array();
    for (const run::Attempt& attempt : result.retried) {
      retried.push_back({{"verdict", model::verdict_name(attempt.verdict)},
                         {"reason", attempt.reason}});
    }
    const auto& scenario = result.scenario;
    return run::json_text(
        {{"v", kResultsVersion},
         {"type", "result"},
         {"id", scenario.id},
         {"title", scenario.title},
         {"file", scenario.file},
         {"tags", scenario.tags},
         {"image", result.image},
         {"round", result.round + 1},
         {"verdict", model::verdict_name(result.judgement.verdict)},
         {"good", model::is_good(result.judgement.verdict)},
         {"reason", result.judgement.reason},
         {"leg", result.judgement.leg},
         {"flaky", result.flaky()},
         {"weak", scenario.weak()},
         {"seconds", static_cast<double>(result.duration_ns) / 1e9},
         {"retried", std::move(retried)},
         {"legs", legs_json(result)},
         {"findings", findings_json(result)},
         {"record", result.record_folder}},
        -1);
  }

  std::string end(const run::SuiteResult& result) override {
    Json verdicts = Json::object();
    for (std::size_t i = 0; i < std::size(result.verdicts); ++i) {
      if (result.verdicts[i] == 0) continue;
      verdicts[std::string(model::verdict_name(
          static_cast<model::Verdict>(i)))] = result.verdicts[i];
    }
    return run::json_text(
        {{"v", kResultsVersion},
         {"type", "end"},
         {"run", result.run_id},
         {"seconds", static_cast<double>(result.duration_ns) / 1e9},
         {"verdicts", std::move(verdicts)},
         {"flaky", result.flaky},
         {"weak", result.weak},
         {"not_run", result.not_run()},
         {"stopped", result.stopped_by()},
         {"record", result.record_folder}},
        -1);
  }
};

}  // namespace

std::unique_ptr<Stream> jsonl_stream() { return std::make_unique<Jsonl>(); }

}  // namespace driftcage::report

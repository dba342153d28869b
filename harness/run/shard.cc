// SPDX-License-Identifier: Apache-2.0
#include "harness/run/shard.h"

#include <array>
#include <charconv>

namespace driftcage::run {
namespace {

constexpr unsigned kMaxShards = 100'000;

// A pair of variables: the number of this shard and how many there are.
struct Pair {
  const char* index;
  unsigned base;  // of the first shard
  const char* total;
  const char* status_file;  // or null
};
constexpr std::array<Pair, 9> kPairs{{
    {"TEST_SHARD_INDEX", 0, "TEST_TOTAL_SHARDS", "TEST_SHARD_STATUS_FILE"},
    {"GTEST_SHARD_INDEX", 0, "GTEST_TOTAL_SHARDS", "GTEST_SHARD_STATUS_FILE"},
    {"LIT_RUN_SHARD", 1, "LIT_NUM_SHARDS", nullptr},
    {"CI_NODE_INDEX", 1, "CI_NODE_TOTAL", nullptr},
    {"CIRCLE_NODE_INDEX", 0, "CIRCLE_NODE_TOTAL", nullptr},
    {"BUILDKITE_PARALLEL_JOB", 0, "BUILDKITE_PARALLEL_JOB_COUNT", nullptr},
    {"BITBUCKET_PARALLEL_STEP", 0, "BITBUCKET_PARALLEL_STEP_COUNT", nullptr},
    // Kubernetes tells a pod of an Indexed Job only its number.
    {"JOB_COMPLETION_INDEX", 0, "DRIFTCAGE_SHARDS", nullptr},
    {"SLURM_ARRAY_TASK_ID", 0, "SLURM_ARRAY_TASK_COUNT", nullptr},
}};

std::optional<unsigned> number(const std::string& text) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

base::Result<Shard> make(const std::string& what, std::uint64_t index,
                         unsigned total) {
  if (total == 0 || total > kMaxShards) {
    return base::fail(
        "read the shard", what, 0,
        "the number of shards is from 1 to " + std::to_string(kMaxShards));
  }
  if (index < 1 || index > total) {
    return base::fail("read the shard", what, 0,
                      "there is no shard " + std::to_string(index) + " of " +
                          std::to_string(total));
  }
  Shard shard;
  shard.index = static_cast<unsigned>(index);
  shard.total = total;
  return shard;
}

std::string setting(const char* name, const std::string& value) {
  return std::string(name) + "=" + value;
}

// An array need not begin at 0 nor step by 1: --array=10-50:10.
base::Result<std::uint64_t> slurm_index(
    const std::function<std::string(const char*)>& variable,
    std::uint64_t task) {
  std::uint64_t min = 0;
  std::uint64_t step = 1;
  for (auto [name, value] : {std::pair{"SLURM_ARRAY_TASK_MIN", &min},
                             std::pair{"SLURM_ARRAY_TASK_STEP", &step}}) {
    const std::string text = variable(name);
    if (text.empty()) continue;
    const auto parsed = number(text);
    if (!parsed) return base::fail("read the shard", setting(name, text));
    *value = *parsed;
  }
  if (step == 0 || task < min || (task - min) % step != 0) {
    return base::fail("read the shard",
                      "SLURM_ARRAY_TASK_ID=" + std::to_string(task), 0,
                      "it does not lie in an array of the form MIN-MAX:STEP; "
                      "pass --shard INDEX/TOTAL");
  }
  return (task - min) / step;
}

}  // namespace

std::string_view shard_strategy_name(ShardStrategy strategy) {
  switch (strategy) {
    case ShardStrategy::Slice:
      return "slice";
    case ShardStrategy::Hash:
      return "hash";
    case ShardStrategy::Time:
      return "time";
  }
  return "";
}

base::Result<Shard> parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto index = number(text.substr(0, slash));
  const auto total = slash == std::string::npos
                         ? std::nullopt
                         : number(text.substr(slash + 1));
  if (!index || !total) {
    return base::fail("read the shard", "\"" + text + "\"", 0,
                      "write INDEX/TOTAL with the index from 1: --shard 2/5, "
                      "or auto");
  }
  Shard shard = DRIFTCAGE_TRY(make("\"" + text + "\"", *index, *total));
  shard.source = "--shard";
  return shard;
}

base::Result<std::optional<Shard>> shard_from_environment(
    const std::function<std::string(const char*)>& variable, bool automatic) {
  if (const std::string own = variable("DRIFTCAGE_SHARD"); !own.empty()) {
    Shard shard = DRIFTCAGE_TRY(parse_shard(own));
    shard.source = "DRIFTCAGE_SHARD";
    return shard;
  }
  for (const Pair& pair : kPairs) {
    const std::string index_text = variable(pair.index);
    const std::string total_text = variable(pair.total);
    if (index_text.empty() && total_text.empty()) continue;
    // GitLab sets the total to 1 in jobs that are not parallel.
    if (index_text.empty() && total_text == "1") continue;
    if (index_text.empty() || total_text.empty()) {
      const bool no_index = index_text.empty();
      return base::fail(
          "read the shard",
          no_index ? setting(pair.total, total_text)
                   : setting(pair.index, index_text),
          0,
          std::string(no_index ? pair.index : pair.total) +
              " is not set; set both or neither, or pass --shard INDEX/TOTAL");
    }
    const auto index = number(index_text);
    const auto total = number(total_text);
    if (!index || !total) {
      return base::fail("read the shard",
                        index ? setting(pair.total, total_text)
                              : setting(pair.index, index_text),
                        0, "it must be a number");
    }
    std::uint64_t position = *index;
    if (std::string(pair.index) == "SLURM_ARRAY_TASK_ID") {
      position = DRIFTCAGE_TRY(slurm_index(variable, position));
    }
    Shard shard = DRIFTCAGE_TRY(make(
        setting(pair.index, index_text) + " " + setting(pair.total, total_text),
        position + 1 - pair.base, *total));
    shard.source = pair.index;
    if (pair.status_file != nullptr) {
      shard.status_file = variable(pair.status_file);
    }
    return shard;
  }
  if (automatic) {
    return base::fail("find the shard", "--shard auto", 0,
                      "no variable of a known system is set; pass --shard "
                      "INDEX/TOTAL");
  }
  return std::nullopt;
}

}  // namespace driftcage::run

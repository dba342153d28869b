// SPDX-License-Identifier: Apache-2.0
#include "tests/image/image_test_kit.h"

#include <nlohmann/json.hpp>

#include "tests/must_work.h"

namespace driftcage::image_test {

Setting StoreTest::own() const {
  Setting setting = here();
  setting.set["XDG_CACHE_HOME"] = at("cache");
  setting.set["HOME"] = at("home");
  return setting;
}

Outcome StoreTest::image(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "image");
  return cli_test::driftcage(std::move(arguments), own());
}

std::string StoreTest::must(const std::vector<std::string>& argv) const {
  const Outcome outcome = cli_test::execute(argv, own());
  EXPECT_EQ(outcome.code, 0) << argv.front() << ": " << outcome.err;
  return outcome.out;
}

std::string StoreTest::shell(const std::string& line) const {
  return must({"sh", "-ec", line});
}

std::string StoreTest::root_of(const std::string& reference) const {
  const Outcome outcome = image({"list", "--json"});
  const auto list = nlohmann::json::parse(outcome.out, nullptr, false);
  if (!list.is_array()) return outcome.err;
  for (const auto& entry : list) {
    if (entry["name"].get<std::string>().find(reference) == std::string::npos ||
        !entry["stored"].get<bool>())
      continue;
    const auto chain = entry["chain"].get<std::string>();
    return at("cache/driftcage/images/rootfs/" + chain.substr(7) + "/root");
  }
  return "no " + reference + " in " + outcome.out;
}

void need_program(const std::string& program) {
  const Outcome outcome =
      cli_test::execute({"sh", "-c", "command -v " + program});
  DRIFTCAGE_SKIP_UNLESS_EMPTY(
      outcome.code == 0 ? "" : program + " is not installed");
}

std::string listing(const std::string& folder) {
  return cli_test::execute(
             {"sh", "-ec",
              "cd \"$0\" && find . -mindepth 1 -printf '%P %y %m %l %s\\n' | "
              "sed '/ d /s/ [0-9]*$//' | LC_ALL=C sort && "
              "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum",
              folder})
      .out;
}

}  // namespace driftcage::image_test

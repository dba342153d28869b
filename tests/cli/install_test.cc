// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.h"

namespace driftcage::cli_test {
namespace {

using ::testing::HasSubstr;

TEST_F(Project, AnInstalledProgramFindsItsPartsFromAnywhere) {
  if (::access(DRIFTCAGE_BUILD_DIR, W_OK) != 0) {
    GTEST_SKIP() << "cmake --install writes its manifest into the build "
                    "folder, which is another user's";
  }
  const std::string prefix = (folder_ / "prefix").string();
  const Outcome install = execute(
      {DRIFTCAGE_CMAKE, "--install", DRIFTCAGE_BUILD_DIR, "--prefix", prefix});
  ASSERT_EQ(install.code, 0) << install.err;
  const std::string moved = (folder_ / "moved").string();
  std::filesystem::rename(prefix, moved);

  const std::string program = moved + "/bin/driftcage";
  const Outcome list = execute({program, "list"}, {"/", {}, {}});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("go/goenv-off"));

  for (const char* file :
       {"man/man1/driftcage.1", "man/man1/driftcage-image-build.1",
        "bash-completion/completions/driftcage",
        "zsh/site-functions/_driftcage",
        "fish/vendor_completions.d/driftcage.fish"}) {
    EXPECT_FALSE(read_text(moved + "/share/" + file).empty()) << file;
  }

  const Outcome doctor = execute({program, "doctor", "--json"}, {"/", {}, {}});
  const auto document = nlohmann::json::parse(doctor.out);
  EXPECT_EQ(document.at("helper"), moved + "/libexec/driftcage/driftcage-cell");
}

}  // namespace
}  // namespace driftcage::cli_test

// SPDX-License-Identifier: Apache-2.0
// Prints a report of a made-up run, for other programs to check.
#include <cstdio>
#include <string>

#include "harness/report/formats.h"
#include "tests/unit/report/sample_record.h"

namespace {

class Maker : public driftcage::report::Sample {
 public:
  void TestBody() override {}
  int print(const std::string& format, int count) {
    SetUp();
    const auto written = driftcage::report::write_report(
        count > 0 ? many(count) : record(), format, "-", {});
    TearDown();
    if (written) return HasFailure() ? 1 : 0;
    std::fprintf(stderr, "%s\n", written.error().message().c_str());
    return 1;
  }
};

}  // namespace

// FORMAT [COUNT]: of the sample, or of so many results.
int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) return 2;
  return Maker().print(argv[1], argc == 3 ? std::stoi(argv[2]) : 0);
}

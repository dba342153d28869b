// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/report/stream.h"
#include "harness/report/text.h"
#include "harness/run/record_reader.h"

// The reports by their names.
namespace driftcage::report {

struct FormatInfo {
  std::string_view name;
  std::string_view meaning;
  bool streams;  // can be written while the run goes on: `run --format`
};
[[nodiscard]] const std::vector<FormatInfo>& formats();
// "text|junit|…", those that stream or all.
[[nodiscard]] std::string format_choices(bool only_streams);

// Null for a format that does not stream or that there is not.
[[nodiscard]] std::unique_ptr<Stream> make_stream(std::string_view format,
                                                  const TextStyle& style);

// The whole report of a run record to `file`, "-" for standard output. A file
// that is there is replaced only when the new one is complete; step summaries
// are appended, because several steps share the file.
[[nodiscard]] base::Status write_report(const run::Record& record,
                                        const std::string& format,
                                        const std::string& file,
                                        const TextStyle& style);

// "junit=out.xml".
struct ReportRequest {
  std::string format;
  std::string file;
};
[[nodiscard]] base::Result<ReportRequest> parse_request(
    const std::string& text);
// Whether its file can be written, as far as can be told before a run.
// `record`: a folder that the run is going to make, or "".
[[nodiscard]] base::Status check_place(const ReportRequest& request,
                                       const std::string& record);

}  // namespace driftcage::report

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/base/result.h"
#include "harness/report/sink.h"
#include "harness/report/stream.h"
#include "harness/report/text.h"
#include "harness/run/record_reader.h"

namespace driftcage::report {

// GitHub shows ten annotations of each kind per step: so many bad scenarios get
// one, the worst first; the last one stands for the rest.
inline constexpr std::size_t kMaxAnnotations = 10;
// Above it the upload of a step summary fails as a whole.
inline constexpr std::size_t kMaxSummary = 1024u << 10;

// The text report, with each bad scenario in a folded group, and at the end
// workflow commands (::error file=…) for the annotations.
[[nodiscard]] std::unique_ptr<Stream> github_stream(const TextStyle& style);

// A Markdown page for GITHUB_STEP_SUMMARY: counts, the matrix of scenarios and
// images, the bad ones with their text. Cut so that it stays below `limit`.
[[nodiscard]] base::Status write_github_summary(
    const run::Record& record, Sink& sink, std::size_t limit = kMaxSummary);

}  // namespace driftcage::report

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/unit/run/record_maker.h"

namespace driftcage::report {

// A run with one result of every kind, and with what breaks careless writers.
class Sample : public run::WithFolder {
 public:
  run::Record record() {
    using model::Verdict;
    Made hostile{"go/hostile", Verdict::Fail};
    hostile.reason = "exit 1 & <b>\x01\x1b[31m ]]> \xff 100%, a:b ##[error]y";
    hostile.stderr_text =
        "</script><script>alert(1)</script>\n::error::x\n"
        "a ##[error]y\n";
    Made flaky{"go/flaky", Verdict::Pass};
    flaky.retried = 1;
    Made never{"go/never", Verdict::NotFixed};
    never.retried = 2;
    Made round{"go/pass", Verdict::Pass};
    round.round = 1;
    Made skip{"elf/skip", Verdict::Skip};
    skip.reason = "no gcc # on PATH";
    Made error{"elf/error", Verdict::Error};
    error.reason = "mount: EPERM";
    Made known{"elf/known", Verdict::Xfail};
    known.reason = "known since 2026";
    Made other{"go/pass", Verdict::Pass};
    other.image = "debian/trixie";
    run::RunHead head;
    for (const char* image : {"host", "debian/trixie"}) {
      head.images.emplace_back().reference = image;
      head.images.back().folder = run::image_folder(image);
      head.images.back().identity = "sha256:1";
      head.images.back().facts.libc = "glibc";
      head.images.back().facts.tools = {{"go", "/usr/bin/go", "1.24.1"}};
    }
    return make("sample",
                {{"go/pass"},
                 round,
                 other,
                 hostile,
                 flaky,
                 never,
                 skip,
                 error,
                 known,
                 {"top", Verdict::NoRepro}},
                head);
  }

  run::Record many(int count) {
    std::vector<Made> results;
    for (int i = 0; i < count; ++i) {
      const bool bad = i % 10 == 3;
      results.push_back({"go/n" + std::to_string(i),
                         bad ? model::Verdict::NoRepro : model::Verdict::Pass});
    }
    return make("many", results);
  }
};

}  // namespace driftcage::report

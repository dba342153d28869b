// SPDX-License-Identifier: Apache-2.0
#include "harness/run/capture.h"

#include <cerrno>
#include <memory>
#include <utility>

#include "harness/run/output_buffer.h"

namespace driftcage::run {
namespace {

struct Item {
  Captured captured;
  OutputBuffer out;
  OutputBuffer err;
};

base::Result<Captured> finish(Item& item, base::Result<wire::End> end) {
  if (!end) return tl::make_unexpected(std::move(end).error());
  if (end->outcome == wire::Outcome::CageError ||
      end->outcome == wire::Outcome::TraceError) {
    return tl::make_unexpected(std::move(end->error));
  }
  item.captured.end = *std::move(end);
  item.captured.out = item.out.take();
  item.captured.err = item.err.take();
  return std::move(item.captured);
}

}  // namespace

std::vector<base::Result<Captured>> capture(
    Launcher& launcher, const std::vector<model::CageSpec>& specs) {
  std::vector<base::Result<Captured>> results(specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto item = std::make_shared<Item>();
    CellObserver observer;
    observer.record = [item](const wire::Record& record) {
      if (const auto* up = std::get_if<wire::CageUp>(&record)) {
        item->captured.cage = *up;
      }
    };
    observer.out = [item](std::string_view bytes) { item->out.add(bytes); };
    observer.err = [item](std::string_view bytes) { item->err.add(bytes); };
    observer.done = [item, &results, i](base::Result<wire::End> end) {
      results[i] = finish(*item, std::move(end));
    };
    launcher.start(specs[i], Stdio::Capture, std::move(observer));
  }
  if (const int signal = launcher.run(); signal != 0) {
    for (auto& result : results) {
      result = base::fail("prepare", base::signal_name(signal), EINTR);
    }
  }
  return results;
}

}  // namespace driftcage::run

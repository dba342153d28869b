// SPDX-License-Identifier: Apache-2.0
#include "harness/report/excerpt.h"

#include <deque>
#include <utility>
#include <variant>

#include "harness/match/derive.h"
#include "harness/match/stage.h"
#include "harness/run/trace_file.h"

namespace driftcage::report {
namespace {

class Collector {
 public:
  Collector(std::uint32_t process, std::uint64_t seq, std::size_t before,
            std::size_t after)
      : process_(process), seq_(seq), before_(before), after_(after) {}

  // False when nothing more is needed.
  bool add(const wire::Record& record) {
    if (const auto* event = std::get_if<model::Event>(&record)) {
      if (event->process == process_) take(*event);
    }
    stages_.add(record);
    table_.add(record);
    return later_ < after_;
  }

  Excerpt result() && {
    return {{std::make_move_iterator(kept_.begin()),
             std::make_move_iterator(kept_.end())},
            std::move(stage_)};
  }

 private:
  void take(const model::Event& event) {
    kept_.push_back(
        {event, table_.program(event.process), table_.pid(event.process), {}});
    if (event.seq == seq_) stage_ = stages_.stage_of(event);
    if (event.seq > seq_) {
      ++later_;
    } else if (kept_.size() > before_ + 1) {
      kept_.pop_front();
    }
  }

  std::uint32_t process_;
  std::uint64_t seq_;
  std::size_t before_;
  std::size_t after_;
  std::size_t later_ = 0;
  match::ProcessTable table_;
  match::Stages stages_;
  std::string stage_;
  std::deque<match::Sighting> kept_;
};

}  // namespace

base::Result<Excerpt> read_excerpt(const std::string& file,
                                   std::uint32_t process, std::uint64_t seq,
                                   std::size_t before, std::size_t after) {
  Collector collector(process, seq, before, after);
  DRIFTCAGE_CHECK_OK(run::read_trace(
      file, [&](const wire::Record& record) { return collector.add(record); }));
  return std::move(collector).result();
}

}  // namespace driftcage::report

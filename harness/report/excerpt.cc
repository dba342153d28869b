// SPDX-License-Identifier: Apache-2.0
#include "harness/report/excerpt.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <utility>
#include <variant>

#include "harness/base/sys.h"
#include "harness/match/derive.h"
#include "harness/wire/codec.h"

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
    table_.add(record);
    return later_ < after_;
  }

  std::vector<match::Sighting> result() && {
    return {std::make_move_iterator(kept_.begin()),
            std::make_move_iterator(kept_.end())};
  }

 private:
  void take(const model::Event& event) {
    kept_.push_back(
        {event, table_.program(event.process), table_.pid(event.process), {}});
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
  std::deque<match::Sighting> kept_;
};

}  // namespace

base::Result<std::vector<match::Sighting>> read_excerpt(const std::string& file,
                                                        std::uint32_t process,
                                                        std::uint64_t seq,
                                                        std::size_t before,
                                                        std::size_t after) {
  const base::UniqueFd fd =
      DRIFTCAGE_TRY(base::sys::open(file, O_RDONLY | O_CLOEXEC));
  Collector collector(process, seq, before, after);
  wire::Decoder decoder;
  std::string buffer(1u << 20, '\0');
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::fail("read trace", file, errno);
    if (count == 0) break;
    decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
    while (true) {
      const auto record = DRIFTCAGE_TRY(decoder.next());
      if (!record) break;
      if (!collector.add(*record)) return std::move(collector).result();
    }
  }
  return std::move(collector).result();
}

}  // namespace driftcage::report

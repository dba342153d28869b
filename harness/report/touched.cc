// SPDX-License-Identifier: Apache-2.0
#include "harness/report/touched.h"

#include <fcntl.h>
#include <re2/re2.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <variant>

#include "harness/base/sys.h"
#include "harness/match/derive.h"
#include "harness/report/event_text.h"
#include "harness/report/shorten.h"
#include "harness/wire/codec.h"

namespace driftcage::report {
namespace {

struct Rule {
  RE2 pattern;
  const char* replacement;
};

const std::array<Rule, 6>& rules() {
  static const std::array<Rule, 6> rules{{
      {RE2(R"((go-[a-z]+)-?[0-9]{4,})"), "\\1{n}"},
      {RE2(R"(/b[0-9]{3,}\b)"), "/b{n}"},
      {RE2(R"(/cc[A-Za-z0-9]{6}\b)"), "/cc{n}"},
      {RE2(R"(/proc/[0-9]+)"), "/proc/{n}"},
      {RE2(R"(\b[0-9a-f]{32,}\b)"), "{hash}"},
      {RE2(R"((\$GOCACHE)/[0-9a-f]{2}\b)"), "\\1/{hash}"},
  }};
  return rules;
}

bool is_compared(model::Verb verb) {
  return verb == model::Verb::Exec || verb == model::Verb::Open ||
         verb == model::Verb::Lookup || verb == model::Verb::Load;
}

}  // namespace

std::string steady_line(std::string line) {
  for (const Rule& rule : rules())
    RE2::GlobalReplace(&line, rule.pattern, rule.replacement);
  return line;
}

base::Result<std::set<std::string>> touched(const std::string& file,
                                            const match::Variables& variables) {
  const Shortener shortener(variables);
  std::set<std::string> lines;
  const auto add = [&](const model::Event& event) {
    if (is_compared(event.verb))
      lines.insert(steady_line(event_line(event, shortener)));
  };
  match::Deriver deriver(add);
  const base::UniqueFd fd = DRIFTCAGE_TRY(base::sys::open(file, O_RDONLY));
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
      if (const auto* event = std::get_if<model::Event>(&*record)) add(*event);
      deriver.add(*record);
    }
  }
  deriver.finish();
  return lines;
}

}  // namespace driftcage::report

// SPDX-License-Identifier: Apache-2.0
#include "harness/report/trace_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <map>
#include <utility>
#include <variant>

#include "harness/base/path.h"
#include "harness/match/load_route.h"
#include "harness/report/trace_view.h"

namespace driftcage::report {
namespace {

using model::Verb;

// One step of execvp(3): the line of the lookup says what became of it.
bool is_search_step(const model::Event& event) {
  const bool missing = event.cause == model::Cause::None ||
                       event.cause == model::Cause::Missing ||
                       event.cause == model::Cause::MissingDirectory;
  return missing && (event.err == ENOENT || event.err == ENOTDIR) &&
         event.exec && !event.exec->argv.empty() &&
         event.exec->argv.front().find('/') == std::string::npos;
}

// `deriver`: what a load tells need not be told by its opens.
bool wanted(TraceDetail detail, const model::Event& event,
            const match::Deriver& deriver) {
  switch (detail) {
    case TraceDetail::All:
      return true;
    case TraceDetail::Failed:
      return !event.ok();
    case TraceDetail::Default:
      break;
  }
  switch (event.verb) {
    case Verb::Exec:
      return event.ok() || !is_search_step(event);
    case Verb::Open:
      return !event.ok() && !deriver.is_load_step(event);
    case Verb::Lookup:
    case Verb::Load:
      return !event.ok();
    default:
      return false;
  }
}

// What the loader of each program asks: about a file that hardly anybody has,
// and once about directories for the processor that it opens libraries in.
bool is_loaders_question(const model::Event& event) {
  return event.path == "/etc/ld.so.preload" ||
         match::is_capability(base::path::base_name(event.path));
}

// Failed calls that the default leaves out, by verb; the steps of searches are
// told by the search.
class HiddenFailures {
 public:
  void add(const model::Event& event) {
    if (event.ok() || event.verb == Verb::Exec || event.verb == Verb::Open ||
        match::is_derived(event.verb) || is_loaders_question(event)) {
      return;
    }
    ++counts_[event.verb];
  }

  // Its steps came before it.
  void take_steps(const model::Event& lookup) {
    if (model::verb_of(lookup.syscall) != Verb::Stat) return;
    std::size_t steps = base::path::split_list(lookup.cause_at).size();
    if (lookup.ok() && steps > 0) --steps;
    std::size_t& stats = counts_[Verb::Stat];
    stats -= std::min(stats, steps);
  }

  // "5 failed calls are not shown (stat 5): --failed shows them"; empty when
  // there are none.
  [[nodiscard]] std::string text() const {
    std::size_t total = 0;
    std::string each;
    for (const auto& [verb, count] : counts_) {
      if (count == 0) continue;
      total += count;
      each += fmt::format("{}{} {}", each.empty() ? "" : ", ",
                          model::verb_name(verb), count);
    }
    if (total == 0) return {};
    return total == 1 ? fmt::format(
                            "1 failed call is not shown ({}): --failed "
                            "shows it",
                            each)
                      : fmt::format(
                            "{} failed calls are not shown ({}): "
                            "--failed shows them",
                            total, each);
  }

 private:
  std::map<Verb, std::size_t> counts_;
};

std::unique_ptr<TraceView> make_view(const TraceOptions& options,
                                     const TraceContext& context,
                                     const WriteLine& write) {
  switch (options.format) {
    case TraceFormat::Text:
      return make_text_view(options, context, write);
    case TraceFormat::Json:
      return make_json_view(context, write);
    case TraceFormat::Strace:
      return make_strace_view(context, write);
    case TraceFormat::Chrome:
      return make_chrome_view(context, write);
  }
  return nullptr;
}

}  // namespace

struct TraceWriter::State {
  State(const TraceOptions& chosen, Write sink,
        std::vector<match::LineTest> lines)
      : options(chosen),
        write(std::move(sink)),
        filter(std::move(lines)),
        view(make_view(options, context, write)),
        deriver([this](const model::Event& event) { show(event); }) {}

  void show(const model::Event& event) {
    const bool chosen =
        filter.empty() ? wanted(options.detail, event, deriver)
                       : std::any_of(filter.begin(), filter.end(),
                                     [&](const match::LineTest& line) {
                                       return line.fits(event, context.table);
                                     });
    if (event.verb == Verb::Lookup) hidden.take_steps(event);
    if (!chosen) {
      hidden.add(event);
      return;
    }
    // Changes say nothing to who does not get what they are changes of.
    const bool alone = options.format == TraceFormat::Strace ||
                       (options.format == TraceFormat::Json && !filter.empty());
    if (!alone || !event.exec || event.exec->environment_complete) {
      view->event(event);
      return;
    }
    model::Event whole = event;
    whole.exec->environment = context.table.environment(event);
    whole.exec->environment_complete = true;
    view->event(whole);
  }

  void operator()(const wire::Hello& hello) { view->hello(hello); }
  void operator()(const wire::CageUp&) {}
  void operator()(const model::ProcessStart& start) {
    const auto parent = context.depth.find(start.parent);
    context.depth[start.process] =
        parent == context.depth.end() ? 0 : parent->second + 1;
    view->start(start);
  }
  void operator()(const model::Event& event) {
    show(event);
    if (options.mapped) context.opened.add(event);
  }
  void operator()(const model::Mapped& mapped) { view->mapped(mapped); }
  void operator()(const model::ProcessEnd& end) {
    // Who asked for certain lines wants no others; machines want whole traces.
    if (filter.empty() || options.format != TraceFormat::Text) view->exit(end);
    context.depth.erase(end.process);
    context.opened.forget(end.process);
  }
  void operator()(const wire::End& end) {
    view->end(end);
    const bool ended = end.outcome == wire::Outcome::Finished ||
                       end.outcome == wire::Outcome::Leak;
    if (ended && !end.status.success()) tell_hidden();
  }
  void operator()(const wire::Seal&) {}  // only stored traces have one

  // The reason may be among them.
  void tell_hidden() {
    if (options.format != TraceFormat::Text ||
        options.detail != TraceDetail::Default || !filter.empty()) {
      return;
    }
    if (const std::string text = hidden.text(); !text.empty())
      write("driftcage: note: " + text + "\n");
  }

  TraceOptions options;
  Write write;
  HiddenFailures hidden;
  std::vector<match::LineTest> filter;
  TraceContext context;
  std::unique_ptr<TraceView> view;
  match::Deriver deriver;
};

TraceWriter::TraceWriter(const TraceOptions& options, Write write,
                         std::vector<match::LineTest> filter)
    : state_(std::make_unique<State>(options, std::move(write),
                                     std::move(filter))) {}
TraceWriter::~TraceWriter() = default;

void TraceWriter::add(const wire::Record& record) {
  // What an end completes comes before the end itself. Everything else is shown
  // first: an exec's line names the program that called.
  const bool process_ends = std::holds_alternative<model::ProcessEnd>(record);
  const bool trace_ends = std::holds_alternative<wire::End>(record);
  state_->deriver.before(record);
  if (process_ends) state_->deriver.add(record);
  if (trace_ends) state_->deriver.finish();
  std::visit(*state_, record);
  if (!process_ends && !trace_ends) state_->deriver.add(record);
  state_->context.stages.add(record);
  state_->context.table.add(record);
}

void TraceWriter::finish() {
  state_->deriver.finish();
  state_->view->finish();
}

std::uint32_t traced_verbs(TraceDetail detail) {
  const auto bits = [](std::initializer_list<Verb> verbs) {
    std::uint32_t set = 0;
    for (const Verb verb : verbs) set |= 1u << static_cast<unsigned>(verb);
    return set;
  };
  const std::uint32_t base =
      bits({Verb::Exec, Verb::Open, Verb::Stat, Verb::Lookup, Verb::Load});
  if (detail == TraceDetail::Default) return base;
  return base | bits({Verb::Readlink, Verb::Mkdir, Verb::Getcwd, Verb::Spawn,
                      Verb::Connect});
}

}  // namespace driftcage::report

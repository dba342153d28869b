// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "harness/base/shell_word.h"
#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"
#include "harness/image/subprocess.h"
#include "harness/learn/assess.h"
#include "harness/learn/course.h"
#include "harness/learn/pages.h"
#include "harness/learn/progress.h"
#include "harness/learn/session.h"
#include "harness/model/verdict.h"
#include "harness/run/folders.h"
#include "harness/run/ground.h"
#include "harness/wire/call.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/image_options.h"
#include "runner/learn_course.h"
#include "runner/process.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  CourseOptions course;
  std::string lesson;
  std::string folder;  // for pages
  std::string door;    // for watch
  bool names = false;
  bool exam = false;
  bool tour = false;
  bool pane = false;
  bool csv = false;
  bool json = false;
};

int refuse(const base::Error& error, int code) {
  print_error(error);
  return code;
}

base::Result<learn::Progress> load_progress() {
  return learn::Progress::load(DRIFTCAGE_TRY(run::state_folder()));
}

int menu(const Options& options) {
  const auto course = load_course(options.course);
  if (!course) return refuse(course.error(), model::kExitUsage);
  const auto progress = load_progress();
  if (!progress) return refuse(progress.error(), model::kExitHost);
  if (course->lessons.empty()) {
    return refuse({"find lessons", course->place, 0,
                   "a lesson is a scenario with a [learn] table and a story"},
                  model::kExitNothingSelected);
  }
  write_out(learn::menu_screen(course->lessons, progress->attempts(),
                               terminal_width(STDOUT_FILENO),
                               use_color(ColorMode::Auto, STDOUT_FILENO)));
  return model::kExitGood;
}

// For completion.
int list_names(const Options& options) {
  const auto course = load_course(options.course);
  if (!course) return refuse(course.error(), model::kExitUsage);
  std::string text;
  for (const scenario::Scenario* lesson : course->lessons) {
    text += lesson->id + "\n";
  }
  write_out(text);
  return model::kExitGood;
}

// tmux(1) splits the window that this terminal is in.
void open_pane(const std::string& door) {
  const auto program = executable_path();
  if (!program || variable("TMUX").empty()) {
    write_err(
        "driftcage: no tmux here: type `driftcage learn watch` in a second "
        "terminal\n");
    return;
  }
  const auto split =
      image::run_program({"tmux", "split-window", "-h", "-d", "-l", "40%",
                          base::shell_word(*program) + " learn watch --door " +
                              base::shell_word(door)});
  if (!split) {
    print_error(split.error());
  } else if (!split->status.success()) {
    print_error({"split the tmux window", split->output, 0,
                 "`driftcage learn watch` in a second terminal does the same"});
  }
}

int study(const Options& options) {
  if (options.lesson.empty()) {
    return refuse(
        {"begin a lesson", {}, 0, "name it: driftcage learn --tour 1"},
        model::kExitUsage);
  }
  const auto course = load_course(options.course);
  if (!course) return refuse(course.error(), model::kExitUsage);
  const auto first = learn::find_lesson(course->lessons, options.lesson);
  if (!first) return refuse(first.error(), model::kExitUsage);
  if (!is_terminal(STDIN_FILENO) || !is_terminal(STDOUT_FILENO)) {
    return refuse({"hold a lesson", "standard input and output", 0,
                   "it needs a terminal; docs/learn has the same as pages"},
                  model::kExitUsage);
  }
  auto progress = load_progress();
  if (!progress) return refuse(progress.error(), model::kExitHost);
  const auto grounds = run::look_at_grounds(
      {options.course.image}, open_options(), course->scenarios,
      [](const std::string& what) { write_err(what + " …\n"); });
  if (!grounds) return refuse(grounds.error(), model::kExitHost);
  std::size_t at = *first;
  while (true) {
    learn::SessionSetting setting;
    setting.frame = {course->lessons[at],
                     at + 1,
                     course->lessons.size(),
                     options.exam,
                     use_color(ColorMode::Auto, STDOUT_FILENO),
                     options.tour};
    setting.ground = &grounds->front();
    setting.progress = &*progress;
    if (options.pane) setting.opened = open_pane;
    const auto end = learn::hold_session(setting);
    // On the way through the course what this image lacks is passed over.
    const bool lacks = !end && end.error().step == learn::kLacking;
    if (lacks && at != *first && at + 1 < course->lessons.size()) {
      write_err(fmt::format("lesson {} is passed over: {}\n", at + 1,
                            end.error().hint));
      ++at;
      continue;
    }
    if (!end) {
      write_err(
          "driftcage: this lesson cannot be held here, and that is no "
          "mistake of yours\n");
      return refuse(end.error(), model::kExitHost);
    }
    if (end->lost) print_error(*end->lost);
    if (end->signal != 0) return 128 + end->signal;
    if (!end->next || at + 1 == course->lessons.size()) break;
    ++at;
  }
  write_out("\n");
  return menu(options);
}

// A second terminal: what the student's commands do that the healthy run does
// not, as it happens.
int watch_session(const Options& options) {
  const auto door = options.door.empty()
                        ? learn::open_session()
                        : base::Result<std::string>(options.door);
  if (!door) return refuse(door.error(), model::kExitUsage);
  struct ::sockaddr_un address {};
  address.sun_family = AF_UNIX;
  if (door->size() >= sizeof address.sun_path) {
    return refuse({"connect", *door, ENAMETOOLONG, ""}, model::kExitHost);
  }
  std::memcpy(address.sun_path, door->data(), door->size());
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<struct ::sockaddr*>(&address),
                       sizeof address) != 0) {
    return refuse(
        {"connect", *door, errno, "the lesson that was open there has ended"},
        model::kExitHost);
  }
  wire::Call call;
  call.words = {"watch"};
  const std::string bytes = wire::encode_call(call);
  if (const auto sent = base::sys::write_all(fd.get(), bytes, *door); !sent) {
    return refuse(sent.error(), model::kExitHost);
  }
  ::shutdown(fd.get(), SHUT_WR);
  write_out("What differs from the healthy run appears here.\n");
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return model::kExitGood;
    write_out({buffer.data(), static_cast<std::size_t>(size)});
  }
}

// Pages of lessons that are gone are the caller's to remove.
int write_pages(const Options& options) {
  const auto course = load_course(options.course);
  if (!course) return refuse(course.error(), model::kExitUsage);
  const auto made = base::sys::make_directories(options.folder, 0755);
  if (!made) return refuse(made.error(), model::kExitHost);
  for (const auto& [name, text] : learn::course_pages(course->lessons)) {
    const auto written =
        base::sys::write_file(options.folder + "/" + name, text);
    if (!written) return refuse(written.error(), model::kExitHost);
  }
  return model::kExitGood;
}

int export_progress(const Options& options) {
  const auto progress = load_progress();
  if (!progress) return refuse(progress.error(), model::kExitHost);
  write_out(options.json ? learn::progress_json(progress->attempts())
                         : learn::progress_csv(progress->attempts()));
  return model::kExitGood;
}

}  // namespace

void add_learn(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* group = app.add_subcommand(
      "learn", "Lessons: a shell in a broken cage, hints, and a check");
  group->require_subcommand(0, 1);
  group
      ->add_option("lesson", options->lesson,
                   "Number or id of a lesson; none: the course and how far\n"
                   "you are")
      ->option_text("[LESSON]");
  add_course(*group, options->course);
  group->add_flag("--names", options->names, "Only the ids of the lessons");
  CLI::Option* exam =
      group->add_flag("--exam", options->exam, "Without hints and solution");
  group
      ->add_flag("--tour", options->tour,
                 "Guided, for workshops: shows everything that is to be typed")
      ->excludes(exam);
  group->add_flag("--pane", options->pane,
                  "Split the tmux window: `learn watch` in the other half");
  group->footer(
      "Examples:\n"
      "  driftcage learn\n"
      "  driftcage learn 1\n"
      "  driftcage learn --tour 2\n"
      "  driftcage learn --pane go/goenv-off\n"
      "  driftcage learn --pack ~/course --exam 3");
  group->callback([options, group, &chosen] {
    if (!group->get_subcommands().empty()) return;
    chosen = [options] {
      if (options->names) return list_names(*options);
      const bool begins = !options->lesson.empty() || options->tour ||
                          options->exam || options->pane;
      return begins ? study(*options) : menu(*options);
    };
  });

  CLI::App* command = group->add_subcommand(
      "watch", "In a second terminal: what differs from the healthy run, live");
  command->footer("Examples:\n  driftcage learn watch");
  command
      ->add_option("--door", options->door,
                   "The socket of a lesson; the one begun last when not given")
      ->option_text("PATH");
  command->callback([options, &chosen] {
    chosen = [options] { return watch_session(*options); };
  });

  command = group->add_subcommand(
      "export", "What was done so far, for a teacher: a line per attempt");
  command->add_flag("--csv", options->csv, "Comma-separated; the default");
  command->add_flag("--json", options->json, "The whole state as JSON")
      ->excludes("--csv");
  command->footer(
      "Examples:\n  driftcage learn export --csv > progress.csv\n"
      "  driftcage learn export --json | jq '.lessons | keys'");
  command->callback([options, &chosen] {
    chosen = [options] { return export_progress(*options); };
  });

  command = group->add_subcommand(
      "pages", "The course as Markdown, for classrooms without a terminal");
  command->fallthrough();
  command->add_option("folder", options->folder, "Where to write the pages")
      ->option_text("DIR")
      ->required();
  command->footer("Examples:\n  driftcage learn pages docs/learn");
  command->callback([options, &chosen] {
    chosen = [options] { return write_pages(*options); };
  });

  add_learn_verify(*group, options->course, chosen);
}

}  // namespace driftcage::runner

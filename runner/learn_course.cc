// SPDX-License-Identifier: Apache-2.0
#include "runner/learn_course.h"

#include <utility>

#include "harness/learn/course.h"
#include "runner/catalog.h"
#include "runner/terminal.h"

namespace driftcage::runner {

void add_course(CLI::App& command, CourseOptions& options) {
  command
      .add_option("--pack", options.pack,
                  "A folder of scenarios with lessons of one's own")
      ->option_text("DIR");
  command
      .add_option("--image", options.image,
                  "The image to hold lessons in; host when not given")
      ->option_text("REF");
}

base::Result<Course> load_course(const CourseOptions& options) {
  Course course;
  course.place =
      options.pack.empty() ? DRIFTCAGE_TRY(find_scenarios()) : options.pack;
  Loaded loaded = load_scenarios(DRIFTCAGE_TRY(scan_scenarios(course.place)));
  write_err(loaded.report);
  // Moving keeps the elements where they are.
  course.scenarios = std::move(loaded.scenarios);
  course.lessons = learn::course_of(course.scenarios);
  // A project's own scenarios need not be lessons.
  if (course.lessons.empty() && options.pack.empty()) {
    const auto shipped = find_shipped_scenarios();
    if (shipped && *shipped != course.place) {
      CourseOptions instead = options;
      instead.pack = *shipped;
      return load_course(instead);
    }
  }
  return course;
}

}  // namespace driftcage::runner

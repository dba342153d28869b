// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "harness/base/environment.h"
#include "harness/base/sys.h"
#include "harness/image/interrupt.h"
#include "harness/model/verdict.h"
#include "harness/run/folders.h"
#include "harness/run/ground.h"
#include "harness/run/launcher.h"
#include "harness/run/warm_cache.h"
#include "runner/commands.h"
#include "runner/image_options.h"
#include "runner/image_text.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> images;
  std::string mirror;
  std::optional<std::string> platform;
  std::string authfile;
  int retries = 3;
  bool no_tls_verify = false;
  bool refresh = false;
  bool json = false;
  bool names = false;
  bool quiet = false;
};

// Which references a command that brings images in takes.
enum class Bring { Build, Pull, Import };

// Runs `work`, whose errors are the host's or an asset's.
template <class Work>
int carry_out(Work work) {
  const base::Status done = work();
  return done ? model::kExitGood : say_error(done.error(), model::kExitHost);
}

// Steps as lines, details on a terminal only.
image::Progress shown_progress(StatusLine& line, bool quiet) {
  return [&line, quiet](image::Said said, const std::string& text) {
    if (line.enabled())
      line.show(text + " ...");
    else if (said == image::Said::Step && !quiet)
      write_err(text + "\n");
  };
}

base::Status check_kind(Bring bring, const std::string& reference) {
  const auto source = DRIFTCAGE_TRY(image::parse_source(reference));
  const bool remote = source && source->kind == image::SourceKind::Remote;
  switch (bring) {
    case Bring::Build:
      if (!source) return {};
      return base::fail("build", reference, 0,
                        remote ? "driftcage image pull fetches it"
                               : "driftcage image import takes files");
    case Bring::Pull:
      if (remote) return {};
      return base::fail("pull", reference, 0,
                        "a reference begins with docker://, docker-daemon: or "
                        "containers-storage:");
    case Bring::Import:
      if (source && !remote) {
        const auto found = base::sys::stat(source->path);
        if (found) return {};
        return base::fail("open image", reference, found.error().err,
                          "it takes the path of a file or directory");
      }
      return base::fail("import", reference, 0,
                        "it takes tar:PATH, oci:PATH[:TAG], oci-archive:PATH "
                        "or docker-archive:PATH");
  }
  return {};
}

base::Result<image::Platform> platform_for(const Options& options) {
  for (const std::string& reference : options.images) {
    if (!reference.starts_with("tar:")) continue;
    return base::fail("choose the platform", reference, 0,
                      "a plain file system is for the platform that it is for: "
                      "leave --platform out");
  }
  return image::parse_platform(*options.platform);
}

int bring_in(const Options& options, Bring bring) {
  for (const std::string& reference : options.images) {
    if (auto fits = check_kind(bring, reference); !fits) {
      print_error(fits.error());
      return model::kExitUsage;
    }
  }
  std::optional<image::Platform> platform;
  if (options.platform) {
    auto chosen = platform_for(options);
    if (!chosen) {
      print_error(chosen.error());
      return model::kExitUsage;
    }
    platform = *std::move(chosen);
  }
  // With an error, too, those that came before it.
  nlohmann::ordered_json there = nlohmann::ordered_json::array();
  const int code = carry_out([&]() -> base::Status {
    const image::InterruptGuard guard;
    const image::Store store = DRIFTCAGE_TRY(open_store());
    for (const std::string& reference : options.images) {
      StatusLine line;
      image::OpenOptions open =
          open_options(shown_progress(line, options.quiet));
      open.fetch.mirror = options.mirror;
      open.fetch.authfile = options.authfile;
      open.fetch.retries = options.retries;
      open.fetch.tls_verify = !options.no_tls_verify;
      open.fetch.refresh = options.refresh;
      open.fetch.platform = platform;
      const auto provided =
          DRIFTCAGE_TRY(image::open_stored(store, reference, open));
      line.clear();
      const auto tree = DRIFTCAGE_TRY(store.tree_info(provided.tree.chain));
      if (options.json) {
        there.push_back({{"image", reference},
                         {"bytes", tree.measure.best().bytes},
                         {"chain", provided.tree.chain},
                         {"fetched", provided.fetched},
                         {"notes", tree.notes}});
        continue;
      }
      write_out(fmt::format(
          "{}  {}  {}{}\n", reference, size_text(tree.measure.best().bytes),
          provided.tree.chain, provided.fetched ? "" : "  (was there)"));
      if (options.quiet) continue;
      for (const std::string& note : tree.notes)
        write_err("note: " + note + "\n");
    }
    return {};
  });
  if (options.json) write_out(there.dump(2) + "\n");
  return code;
}

// As it is typed: without a tag the key of a file ends with a colon.
std::string name_of(const image::StoredImage& image) {
  std::string name = image.reference;
  if (name.ends_with(':')) name.pop_back();
  return name;
}

base::Result<std::vector<ListedImage>> listed_images(
    const image::Store& store) {
  std::map<std::string, ListedImage> images;
  const recipe::RecipeBook book = recipe_book();
  for (const std::string& name : book.names()) {
    const auto recipe = book.find(name);
    images[name] = {name, recipe ? recipe->title : "(cannot be read)", {}};
  }
  for (image::StoreEntry& entry : DRIFTCAGE_TRY(store.list())) {
    const std::string name = name_of(entry.image);
    images[name].name = name;
    images[name].stored = std::move(entry);
  }
  std::vector<ListedImage> list;
  for (auto& [name, image] : images) list.push_back(std::move(image));
  return list;
}

int list(const Options& options) {
  return carry_out([&]() -> base::Status {
    const image::Store store = DRIFTCAGE_TRY(open_store());
    const auto images = DRIFTCAGE_TRY(listed_images(store));
    if (options.names) {
      for (const ListedImage& image : images) write_out(image.name + "\n");
      return {};
    }
    write_out(options.json ? list_json(images) : list_text(images));
    return {};
  });
}

// The record of a reference; records of files are kept under absolute paths.
base::Result<image::StoredImage> known_image(const image::Store& store,
                                             const std::string& reference) {
  const auto source = DRIFTCAGE_TRY(image::parse_source(reference));
  std::string key = source ? source->key : reference;
  if (!source) {
    const auto recipe = recipe_book().find(reference);
    if (recipe && !recipe->pull.empty()) key = recipe->pull;
  }
  auto record = DRIFTCAGE_TRY(store.record(key));
  // As the list has it. The path of a file that is gone may not lead there any
  // more: a link in it, a colon.
  if (!record) record = DRIFTCAGE_TRY(store.record(reference + ":"));
  if (record) return *std::move(record);
  return base::fail("find image", reference, ENOENT,
                    "`driftcage image list` shows what the store has");
}

// Whether the file or folder of a reference is not there any more.
bool is_gone(const std::string& reference) {
  const auto source = image::parse_source(reference);
  if (!source || !*source || (*source)->path.empty()) return false;
  const auto found = base::sys::stat((*source)->path);
  return !found && found.error().err == ENOENT;
}

int inspect(const Options& options) {
  return carry_out([&]() -> base::Status {
    const std::string& reference = options.images.front();
    InspectedImage inspected;
    inspected.name = reference;
    const bool stored = reference != "host" && !reference.starts_with("dir:");
    if (stored) {
      // Looking must not fetch hundreds of megabytes.
      const image::Store store = DRIFTCAGE_TRY(open_store());
      inspected.image = DRIFTCAGE_TRY(known_image(store, reference));
      if (auto tree = store.tree_info(inspected.image.chain))
        inspected.tree = *std::move(tree);
    }
    auto opened = open_shown(reference, base::environment());
    if (!opened && stored && is_gone(reference)) {
      // What the store has is still of use.
      write_err("note: " + opened.error().message() + "\n");
      opened =
          image::open_recorded(DRIFTCAGE_TRY(open_store()), inspected.image);
    }
    const image::Image image = DRIFTCAGE_TRY(std::move(opened));
    inspected.root = image.root;
    run::Launcher launcher(DRIFTCAGE_TRY(run::find_cell()));
    inspected.facts = DRIFTCAGE_TRY(run::image_facts(launcher, image));
    write_out(options.json ? inspect_json(inspected) : inspect_text(inspected));
    return {};
  });
}

int verify(const Options& options) {
  bool all_good = true;
  const int code = carry_out([&]() -> base::Status {
    const image::InterruptGuard guard;
    const image::Store store = DRIFTCAGE_TRY(open_store());
    std::vector<image::StoredImage> images;
    for (const std::string& reference : options.images)
      images.push_back(DRIFTCAGE_TRY(known_image(store, reference)));
    if (options.images.empty()) {
      for (image::StoreEntry& entry : DRIFTCAGE_TRY(store.list()))
        images.push_back(std::move(entry.image));
    }
    nlohmann::ordered_json results = nlohmann::ordered_json::array();
    for (const image::StoredImage& image : images) {
      const auto wrong = DRIFTCAGE_TRY(store.verify(image));
      all_good = all_good && wrong.empty();
      if (options.json) {
        results.push_back({{"name", name_of(image)}, {"wrong", wrong}});
        continue;
      }
      write_out(fmt::format("{:<8} {}\n", wrong.empty() ? "ok" : "damaged",
                            name_of(image)));
      for (const std::string& what : wrong)
        write_out("         " + what + "\n");
    }
    if (options.json) write_out(results.dump(2) + "\n");
    return {};
  });
  if (code != model::kExitGood || all_good) return code;
  write_err(
      "driftcage image rm IMAGE && driftcage image gc, then fetch it again\n");
  return model::kExitBadVerdict;
}

int remove(const Options& options) {
  nlohmann::ordered_json forgotten = nlohmann::ordered_json::array();
  const int code = carry_out([&]() -> base::Status {
    const image::Store store = DRIFTCAGE_TRY(open_store());
    for (const std::string& reference : options.images) {
      const auto image = DRIFTCAGE_TRY(known_image(store, reference));
      DRIFTCAGE_CHECK_OK(store.remove(image.reference));
      forgotten.push_back(name_of(image));
      if (!options.json) write_out("forgot " + name_of(image) + "\n");
    }
    if (!options.quiet) write_err("driftcage image gc frees the space\n");
    return {};
  });
  if (options.json) write_out(forgotten.dump(2) + "\n");
  return code;
}

int collect(const Options& options) {
  return carry_out([&]() -> base::Status {
    const image::Store store = DRIFTCAGE_TRY(open_store());
    image::GcResult result = DRIFTCAGE_TRY(store.gc());
    const std::string cache = DRIFTCAGE_TRY(run::cache_folder());
    for (std::string& what : run::remove_stale_caches(cache + "/warm"))
      result.removed.push_back(std::move(what));
    if (options.json) {
      const nlohmann::ordered_json document{{"bytes", result.bytes},
                                            {"removed", result.removed},
                                            {"in_use", result.in_use}};
      write_out(document.dump(2) + "\n");
    } else {
      write_out(gc_text(result));
    }
    return {};
  });
}

using Run = int (*)(const Options&);

// A command below `image` that takes images and calls `run`.
CLI::App* add_command(CLI::App& group, const char* name, const char* about,
                      const char* arguments, const char* footer,
                      const std::shared_ptr<Options>& options, Action& chosen,
                      std::function<int(const Options&)> run) {
  CLI::App* command = group.add_subcommand(name, about);
  command->allow_extras();
  if (arguments != nullptr) {
    CLI::Option* images = command->add_option("images", options->images,
                                              "Names or references of images");
    images->option_text(arguments);
    if (arguments[0] != '[') images->required();
  }
  command->footer(footer);
  command->callback([options, &chosen, run = std::move(run)] {
    chosen = [options, run] { return run(*options); };
  });
  return command;
}

void add_quiet(CLI::App& command, Options& options) {
  command.add_flag("-q,--quiet", options.quiet, "Say results only");
}

void add_json(CLI::App& command, Options& options) {
  command.add_flag("--json", options.json, "As JSON");
}

void add_platform(CLI::App& command, Options& options) {
  command
      .add_option("--platform", options.platform,
                  "Of an image for several: linux/ARCH[/VARIANT]; this\n"
                  "machine's own when not given")
      ->option_text("NAME");
}

void add_refresh(CLI::App& command, Options& options) {
  command.add_flag("--refresh", options.refresh,
                   "Also when the store has it already");
}

}  // namespace

void add_image(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* group = app.add_subcommand(
      "image", "Build, fetch, show and remove toolchain images");
  group->require_subcommand(0, 1);
  group->allow_extras();
  group->footer(
      "An image is host, dir:PATH, tar:PATH, oci:PATH[:TAG], oci-archive:PATH,"
      "\ndocker-archive:PATH[:NAME], docker://NAME[:TAG], "
      "docker-daemon:NAME:TAG,"
      "\ncontainers-storage:NAME or the name of a recipe (docs/images.md).\n\n"
      "Examples:\n"
      "  driftcage image list\n"
      "  driftcage image build bookworm-go1.19 trixie-go1.24\n"
      "  driftcage run --image bookworm-go1.19 --image trixie-go1.24 go");

  CLI::App* command = add_command(
      *group, "list", "Show recipes and what the store has", nullptr,
      "Examples:\n  driftcage image list\n  driftcage image list --json",
      options, chosen, list);
  add_json(*command, *options);
  command->add_flag("--names", options->names, "Names only, one a line");

  command = add_command(
      *group, "build", "Make images of recipes", "RECIPE...",
      "Packages come from the Debian mirror of this machine's apt; apt checks\n"
      "their signatures. Nothing outside the store is written, and no "
      "privileges\nare needed.\n\n"
      "Examples:\n  driftcage image build bookworm-go1.19\n"
      "  driftcage image build --mirror https://mirror.example.com/debian "
      "trixie-go1.24",
      options, chosen,
      [](const Options& o) { return bring_in(o, Bring::Build); });
  command
      ->add_option("--mirror", options->mirror,
                   "Debian archive to take packages from")
      ->option_text("URI");
  add_refresh(*command, *options);
  add_quiet(*command, *options);
  add_json(*command, *options);

  command = add_command(
      *group, "pull", "Fetch images from registries with skopeo", "REF...",
      "Examples:\n"
      "  driftcage image pull docker://registry.example.com/team/ci:latest\n"
      "  driftcage image pull docker-daemon:golang:1.24\n"
      "  driftcage image pull --refresh docker://alpine:3\n"
      "  driftcage image pull --platform linux/386 docker://alpine:3",
      options, chosen,
      [](const Options& o) { return bring_in(o, Bring::Pull); });
  command
      ->add_option("--authfile", options->authfile,
                   "Credentials, as `skopeo login` writes them")
      ->option_text("FILE");
  command
      ->add_option("--retries", options->retries,
                   "How often to try again what may pass; 3 when not given")
      ->check(CLI::Range(0, 100))
      ->option_text("N");
  command->add_flag("--no-tls-verify", options->no_tls_verify,
                    "Registries without TLS, or with a certificate that\n"
                    "nobody signed");
  add_platform(*command, *options);
  add_refresh(*command, *options);
  add_quiet(*command, *options);
  add_json(*command, *options);

  command = add_command(
      *group, "import", "Unpack images from files", "REF...",
      "Examples:\n"
      "  driftcage image import docker-archive:saved.tar\n"
      "  driftcage image import oci:layout:latest tar:rootfs.tar.zst",
      options, chosen,
      [](const Options& o) { return bring_in(o, Bring::Import); });
  add_platform(*command, *options);
  add_refresh(*command, *options);
  add_quiet(*command, *options);
  add_json(*command, *options);

  command = add_command(
      *group, "inspect", "Show configuration, layers and facts of an image",
      "REF",
      "Examples:\n  driftcage image inspect host\n"
      "  driftcage image inspect --json bookworm-go1.19 | jq .facts",
      options, chosen, inspect);
  add_json(*command, *options);

  command = add_command(*group, "verify", "Compare images with their digests",
                        "[REF...]",
                        "Exit code 1 when something is damaged.\n\n"
                        "Examples:\n  driftcage image verify\n"
                        "  driftcage image verify bookworm-go1.19",
                        options, chosen, verify);
  add_json(*command, *options);

  command = add_command(
      *group, "rm", "Forget images", "REF...",
      "Examples:\n  driftcage image rm bookworm-go1.19 && driftcage image gc",
      options, chosen, remove);
  add_quiet(*command, *options);
  add_json(*command, *options);

  command =
      add_command(*group, "gc", "Free what no image needs any more", nullptr,
                  "Never touches what a running driftcage uses.\n\n"
                  "Examples:\n  driftcage image gc",
                  options, chosen, collect);
  add_json(*command, *options);
}

}  // namespace driftcage::runner

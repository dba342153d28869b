// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/regions.h"

#include <algorithm>

#include "harness/base/path.h"

namespace driftcage::cage {

void RegionMap::cover(Region region) {
  std::erase_if(regions_, [&](const Region& other) {
    return other.at != region.at && base::path::is_below(other.at, region.at);
  });
  regions_.push_back(std::move(region));
}

void RegionMap::make_read_only(std::string_view path) {
  for (Region& region : regions_) {
    if (base::path::is_below(region.at, path)) {
      region.kind = RegionKind::ReadOnly;
    }
  }
}

const Region& RegionMap::find(std::string_view path) const {
  const Region* best = &regions_.front();
  for (const Region& region : regions_) {
    if (base::path::is_below(path, region.at) &&
        region.at.size() >= best->at.size()) {
      best = &region;
    }
  }
  return *best;
}

std::vector<std::string> RegionMap::starts_below(std::string_view path) const {
  std::vector<std::string> found;
  for (const Region& region : regions_) {
    if (base::path::is_below(region.at, path)) found.push_back(region.at);
  }
  std::reverse(found.begin(), found.end());
  std::stable_sort(found.begin(), found.end(),
                   [](const std::string& a, const std::string& b) {
                     return a.size() > b.size();
                   });
  return found;
}

void RegionMap::remove(std::string_view path) {
  const auto found =
      std::find_if(regions_.rbegin(), regions_.rend(),
                   [&](const Region& region) { return region.at == path; });
  if (found != regions_.rend()) regions_.erase(std::next(found).base());
}

std::string RegionMap::in_layer(const Region& region, std::string_view path) {
  const std::size_t skip = region.at == "/" ? 1 : region.at.size() + 1;
  std::string inside = region.inside;
  if (path.size() > skip || (region.at == "/" && path.size() > 1)) {
    if (!inside.empty()) inside += '/';
    inside += path.substr(skip);
  }
  return inside;
}

}  // namespace driftcage::cage

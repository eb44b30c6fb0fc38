#include "cli/known_scripts.h"

#include <filesystem>
#include <iostream>
#include <system_error>

#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/place.h"
#include "base/shown.h"
#include "cli/corpus.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

// Where the corpus is: of the sources of build/release/bin/vmtrunc, or as
// installed.
std::vector<fs::path> CorpusPlaces() {
  std::vector<fs::path> places;
  for (const char* corpus : {"../../../corpus", "../share/vmtrunc/corpus"})
    places.emplace_back(base::BesideProgram(corpus));
  return places;
}

// The directories of the first place that has any.
std::vector<std::string> DefaultKnown() {
  static constexpr const char* kNames[] = {"found", "history", "known"};
  std::vector<std::string> places;
  for (const fs::path& place : CorpusPlaces())
    for (const char* name : kNames) places.push_back((place / name).string());
  const fs::path first = base::FirstDirectory(places);
  std::vector<std::string> known;
  for (const char* name : kNames)
    if (const fs::path one = first.parent_path() / name;
        !first.empty() && base::IsDirectory(one.string()))
      known.push_back(one.string());
  return known;
}

void TellNothingKnown() {
  std::vector<std::string> tried;
  for (const fs::path& place : CorpusPlaces())
    tried.push_back(base::Shown(place.string()));
  std::cerr << "vmtrunc: no corpus in " << absl::StrJoin(tried, " or ")
            << ": every finding counts as new; --known DIR names one\n";
}

}  // namespace

std::vector<campaign::KnownScript> ReadKnown(
    const std::vector<std::string>& places) {
  std::vector<campaign::KnownScript> known;
  // With nothing known all is new.
  for (const std::string& place : places)
    if (FilesBelow({place}).empty())
      throw base::UsageError{"--known " + base::Shown(place) +
                             ": expected scripts in it, and there is no file"};
  for (const std::string& path :
       FilesBelow(places.empty() ? DefaultKnown() : places)) {
    const fs::path from(path);
    known.push_back({.path = (fs::path("corpus") /
                              from.parent_path().filename() / from.filename())
                                 .string(),
                     .script = ReadCorpusFile(path, places).script});
    if (!places.empty()) known.back().path = path;
  }
  if (known.empty()) TellNothingKnown();
  return known;
}

}  // namespace vmtrunc::cli

#include "campaign/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "report/explain/page.h"

namespace vmtrunc::campaign {
namespace {

constexpr int kWidth = 560, kHeight = 260;
constexpr int kLeft = 64, kRight = 96, kTop = 12, kBottom = 32;

// Distinct for colour-blind readers too, and in both schemes.
constexpr std::array<const char*, 8> kColours = {
    "#0072b2", "#e69f00", "#009e73", "#cc79a7",
    "#56b4e9", "#d55e00", "#8c8c00", "#7f7f7f"};

constexpr const char* kCss =
    ".charts { display: flex; flex-wrap: wrap; gap: 1rem; }\n"
    "figure { margin: 0; flex: 1 1 460px; max-width: 590px; }\n"
    "figcaption { font-weight: 600; }\n"
    "svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }\n"
    "svg text { fill: var(--soft); } svg .grid { stroke: var(--edge); }\n"
    "svg polyline { fill: none; stroke-width: 2; }\n"
    "td.n { text-align: right; white-space: nowrap; font-variant-numeric: "
    "tabular-nums; }\n";

std::string Number(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string Time(int64_t unix_time) {
  if (unix_time == 0) return "";
  const auto time = static_cast<time_t>(unix_time);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

std::string Cell(const std::string& number) {
  return "<td class=\"n\">" + number + "</td>";
}

// The smallest of 1, 2, 5, 10, 20, ... of which four steps reach `most`.
double StepFor(double most) {
  double step = std::pow(10, std::floor(std::log10(std::max(most, 1.0) / 4)));
  for (const double times : {1.0, 2.0, 5.0, 10.0})
    if (step * times * 4 >= most) return std::max(1.0, step * times);
  return step * 10;
}

std::string Grid(double most_x, double most_y, double step_y) {
  std::string svg;
  const double inner_x = kWidth - kLeft - kRight;
  const double inner_y = kHeight - kTop - kBottom;
  for (double y = 0; y <= most_y + 0.5; y += step_y) {
    const double at = kHeight - kBottom - y / most_y * inner_y;
    absl::StrAppendFormat(
        &svg,
        "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
        "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
        kLeft, kWidth - kRight, at, at, kLeft - 6, at + 4,
        Number(static_cast<uint64_t>(y)));
  }
  for (const double part : {0.0, 0.5, 1.0})
    absl::StrAppendFormat(
        &svg, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
        kLeft + part * inner_x, kHeight - 10, DurationInWords(part * most_x));
  return svg;
}

// The place of a curve's name: at its end, moved down past other names.
double BelowOthers(double y, const std::vector<double>& others) {
  for (bool moved = true; moved;) {
    moved = false;
    for (const double other : others)
      if (std::abs(other - y) < 12) {
        y = other + 12.5;
        moved = true;
      }
  }
  return y;
}

// The points of a curve; `x` and `y` are those of the last.
std::string PointsOf(const KernelTotals& kernel, uint64_t GrowthPoint::* value,
                     double most_x, double most_y, double& x, double& y) {
  x = kLeft;
  y = kHeight - kBottom;
  std::string points = absl::StrFormat("%.1f,%.1f", x, y);
  for (const GrowthPoint& point : kernel.growth) {
    x = kLeft + point.seconds / most_x * (kWidth - kLeft - kRight);
    y = kHeight - kBottom -
        static_cast<double>(point.*value) / most_y * (kHeight - kTop - kBottom);
    absl::StrAppendFormat(&points, " %.1f,%.1f", x, y);
  }
  return points;
}

std::string KernelRows(const Summary& s) {
  std::string html =
      "<h2>Kernels</h2>\n<div class=\"wide\"><table>\n<thead><tr>"
      "<th scope=\"col\">kernel</th><th scope=\"col\">slices</th>"
      "<th scope=\"col\">time of jobs</th><th scope=\"col\">executions</th>"
      "<th scope=\"col\">events with an effect</th>"
      "<th scope=\"col\">abstract states</th>"
      "<th scope=\"col\">of the states of prove</th><th "
      "scope=\"col\">corpus</th>"
      "<th scope=\"col\">last new state (UTC)</th>"
      "<th scope=\"col\">jobs that crashed</th></tr></thead>\n<tbody>\n";
  for (const KernelTotals& k : s.kernels) {
    const double share = k.events == 0 ? 0
                                       : 100 * static_cast<double>(k.effects) /
                                             static_cast<double>(k.events);
    absl::StrAppend(
        &html, "<tr><th scope=\"row\">", report::Escaped(k.kernel), "</th>",
        Cell(Number(k.slices)), Cell(DurationInWords(k.seconds)),
        Cell(Number(k.executions)), Cell(absl::StrFormat("%.0f %%", share)),
        Cell(Number(k.states)),
        Cell(k.of_count == 0
                 ? ""
                 : absl::StrFormat("%d of %d", k.of_seen, k.of_count)),
        Cell(Number(k.corpus)), Cell(Time(k.last_new_unix)),
        Cell(Number(k.died)), "</tr>\n");
  }
  return html + "</tbody></table></div>\n";
}

std::string PairRows(const Summary& s) {
  std::string html =
      "<h2>Time by engine</h2>\n<p>The next slice goes to the pair of kernel "
      "and engine with the highest recent gain a second, one in four to the "
      "pair that has waited longest. A new abstract state counts as ten new "
      "branches, a new root cause as a hundred.</p>\n<div "
      "class=\"wide\"><table>\n<thead><tr>"
      "<th scope=\"col\">kernel</th><th scope=\"col\">engine</th>"
      "<th scope=\"col\">slices</th>"
      "<th scope=\"col\">of these nothing ran in</th>"
      "<th scope=\"col\">time of jobs</th>"
      "<th scope=\"col\">executions a second</th>"
      "<th scope=\"col\">new states</th><th scope=\"col\">new branches</th>"
      "</tr></thead>\n<tbody>\n";
  for (const PairTotals& p : s.pairs)
    absl::StrAppend(
        &html, "<tr><th scope=\"row\">", report::Escaped(p.kernel), "</th><td>",
        report::Escaped(p.engine), "</td>", Cell(Number(p.slices)),
        Cell(Number(p.idle + p.idle_died)), Cell(DurationInWords(p.seconds)),
        Cell(Number(static_cast<uint64_t>(static_cast<double>(p.executions) /
                                          std::max(p.seconds, 0.001)))),
        Cell(Number(p.states)), Cell(Number(p.features)), "</tr>\n");
  return html + "</tbody></table></div>\n";
}

// A paragraph of its own, or "".
std::string Sentence(const std::string& words) {
  return words.empty() ? ""
                       : absl::StrCat("<p>", report::Escaped(words), ".</p>\n");
}

std::string FindingRows(const Summary& s) {
  const std::string unknown = UnknownInWords(s);
  std::string html = absl::StrCat("<h2>Findings</h2>\n", Sentence(unknown),
                                  Sentence(UnsearchedInWords(s)));
  if (s.groups.empty())
    return html + (unknown.empty() ? "<p>No property was violated.</p>\n" : "");
  html +=
      "<p>One row for each known bug or new root cause, "
      "with "
      "the smallest script that shows it, step by step.</p>\n"
      "<div class=\"wide\"><table>\n<thead><tr>"
      "<th scope=\"col\"></th><th scope=\"col\">kernel</th>"
      "<th scope=\"col\">bug</th><th scope=\"col\">what happens</th>"
      "<th scope=\"col\">violates</th><th scope=\"col\">events</th>"
      "<th scope=\"col\">executions</th><th scope=\"col\">first (UTC)</th>"
      "<th scope=\"col\">last (UTC)</th></tr></thead>\n<tbody>\n";
  for (const Group& g : s.groups) {
    const Finding& f = g.least;
    const std::string name =
        f.bug.empty() ? "new root cause" : report::Escaped(f.bug);
    std::string properties;
    for (const std::string& property : g.properties)
      absl::StrAppend(&properties, properties.empty() ? "" : "<br>", "<code>",
                      report::Escaped(property), "</code>");
    absl::StrAppend(
        &html, "<tr><td", g.is_known ? ">known" : " class=\"breaks\">new",
        "</td><th scope=\"row\">", report::Escaped(f.kernel), "</th><td>",
        f.has_script() ? absl::StrCat("<a href=\"", report::Linked(PageOf(f)),
                                      "\">", name, "</a>")
                       : name,
        "</td><td>", report::Escaped(g.what),
        f.known_path.empty()
            ? ""
            : absl::StrCat("<br><span class=\"soft\">",
                           report::Escaped(f.known_path), "</span>"),
        "</td><td>", properties, "</td>",
        Cell(f.has_script() ? Number(f.cost.events) : ""),
        Cell(Number(g.executions)), Cell(Time(g.first_unix)),
        Cell(Time(g.last_unix)), "</tr>\n");
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace

std::string PageOf(const Finding& finding) {
  return "findings/" + finding.FileName() +
         (finding.has_page ? ".html" : ".vmt");
}

std::string Chart(const std::string& title,
                  const std::vector<KernelTotals>& kernels,
                  uint64_t GrowthPoint::* value) {
  double most_x = 1, most = 1;
  for (const KernelTotals& kernel : kernels)
    for (const GrowthPoint& point : kernel.growth) {
      most_x = std::max(most_x, point.seconds);
      most = std::max(most, static_cast<double>(point.*value));
    }
  const double step = StepFor(most);
  const double most_y = step * std::ceil(most / step);
  std::string svg = Grid(most_x, most_y, step);
  std::vector<double> labels;
  for (size_t i = 0; i < kernels.size(); ++i) {
    double x = 0, y = 0;
    const std::string points =
        PointsOf(kernels[i], value, most_x, most_y, x, y);
    y = BelowOthers(y, labels);
    labels.push_back(y);
    const char* colour = kColours[i % kColours.size()];
    absl::StrAppendFormat(
        &svg,
        "<polyline points=\"%s\" stroke=\"%s\"/>"
        "<text x=\"%.1f\" y=\"%.1f\" style=\"fill: %s\">%s</text>\n",
        points, colour, x + 5, y + 4, colour,
        report::Escaped(kernels[i].kernel));
  }
  return absl::StrFormat(
      "<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %d %d\" "
      "role=\"img\" aria-label=\"%s over the time of jobs\">\n%s</svg>"
      "</figure>\n",
      report::Escaped(title), kWidth, kHeight, report::Escaped(title), svg);
}

std::string ReportPage(const Summary& s) {
  const std::string idle = IdleInWords(s);
  return absl::StrCat(
      report::PageHead("vmtrunc: campaign", kCss), "<h1>Campaign</h1>\n<p>",
      s.new_count() == 0
          ? "<span class=\"badge holds\">nothing new</span>"
          : absl::StrFormat("<span class=\"badge breaks\">%d new</span>",
                            s.new_count()),
      " ", s.groups.size() - s.new_count(), " known, ", Number(s.executions),
      " executions in ", DurationInWords(s.seconds), " of jobs. As of ",
      Time(s.last_unix), " UTC; began ", Time(s.began_unix),
      idle.empty() ? "" : "; ", report::Escaped(idle), ".</p>\n",
      FindingRows(s), "<h2>Growth</h2>\n<div class=\"charts\">\n",
      Chart("Abstract states", s.kernels, &GrowthPoint::states),
      Chart("Inputs in the corpus", s.kernels, &GrowthPoint::corpus),
      "</div>\n", KernelRows(s), PairRows(s), "<h2>Left out</h2>\n<p>",
      Number(s.skipped),
      " files in the corpora that are not inputs (directories, pipes, "
      "unreadable or larger than 64 KiB); ",
      Number(s.odd_lines.damaged), " damaged lines in the log.</p>\n",
      Sentence(UnbuiltInWords(s)), Sentence(RepeatedInWords(s)),
      "</body>\n</html>\n");
}

}  // namespace vmtrunc::campaign

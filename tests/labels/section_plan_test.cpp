#include "histoloom/labels/section_plan.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "histoloom/labels/layout.h"
#include "histoloom/labels/packed_field.h"
#include "labels/test_labels.h"

namespace histoloom {
namespace {

constexpr LabelId kOpen = 0, kBareGlass = 5;

// Of tissue_labels().
constexpr SectionRoles kRoles{1, 4, 3, 2, std::nullopt};

SectionOptions traits_with(const std::function<void(SectionTraits&)>& change,
                           double microns_per_cell = 4, std::uint64_t seed = 7) {
  SectionOptions out{{}, microns_per_cell, seed};
  change(out.traits);
  return out;
}

LabelGrid tissue(CellSize size) { return LabelGrid(size, kOpen); }

// The share of an outline's open cells of which `is` holds, counted on every `step`th.
double share_of(const LabelField& outline, const std::function<bool(double, double)>& is,
                std::int64_t step = 1) {
  const std::vector<LabelId> cells = cells_of(outline);
  double here = 0, all = 0;
  for (std::int64_t y = 0; y < outline.size().height; y += step)
    for (std::int64_t x = 0; x < outline.size().width; x += step) {
      if (cells[static_cast<std::size_t>(y * outline.size().width + x)] != kOpen) continue;
      ++all;
      here += is(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5) ? 1 : 0;
    }
  return here / all;
}

double share_in_masses(const SectionPlan& plan, const LabelField& outline, std::int64_t step = 1) {
  return share_of(
      outline, [&](double x, double y) { return plan.in_mass(x, y); }, step);
}

bool is_tumour(SectionZone zone) {
  return zone == SectionZone::solid || zone == SectionZone::dense || zone == SectionZone::loose ||
         zone == SectionZone::necrotic;
}

TEST(SectionPlan, MeetsTheTumourShareAtAnySizeAndSeed) {
  for (const CellSize size :
       {CellSize{33, 100}, CellSize{1, 400}, CellSize{512, 512}, CellSize{1500, 60}}) {
    for (const double share : {0.1, 0.45, 0.9}) {
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        const LabelGrid outline = tissue(size);
        const SectionPlan plan(outline, kOpen,
                               traits_with([&](auto& t) { t.tumour_share = share; }, 4, seed));
        EXPECT_NEAR(share_in_masses(plan, outline), share, 0.02)
            << size.width << "x" << size.height << ", seed " << seed;
      }
    }
  }
}

TEST(SectionPlan, CountsTheTissueOfIslandsAlone) {
  const auto outline = make_outline({700, 900}, tissue_labels(), {LayoutKind::tissue, 0.3});
  const SectionPlan plan(*outline, kOpen, traits_with([](auto&) {}));
  EXPECT_NEAR(share_in_masses(plan, *outline), 0.4, 0.02);
}

TEST(SectionPlan, NoTumourAndNothingButTumourAreMetExactly) {
  const LabelGrid outline = tissue({90, 50});
  const SectionPlan none(outline, kOpen, traits_with([](auto& t) { t.tumour_share = 0; }));
  EXPECT_EQ(none.masses(), 0);
  EXPECT_EQ(share_of(outline, [&](double x, double y) { return is_tumour(none.zone_at(x, y)); }),
            0);
  const SectionPlan all(outline, kOpen, traits_with([](auto& t) { t.tumour_share = 1; }));
  EXPECT_EQ(share_in_masses(all, outline), 1);
}

TEST(SectionPlan, OneCellAndGlassAloneAreSections) {
  const LabelGrid one = tissue({1, 1});
  EXPECT_EQ(SectionPlan(one, kOpen, traits_with([](auto& t) { t.tumour_share = 0.6; })).masses(),
            1);
  EXPECT_EQ(SectionPlan(one, kOpen, traits_with([](auto& t) { t.tumour_share = 0.4; })).masses(),
            0);
  const LabelGrid glass({40, 30}, kBareGlass);
  EXPECT_EQ(SectionPlan(glass, kOpen, traits_with([](auto&) {})).masses(), 0);
}

TEST(SectionPlan, TheNumberOfMassesFollowsFromShareAndSizeUnlessItIsGiven) {
  // 20 × 20 mm: 0.4 of them in masses of π·2² mm² are 12.7.
  const LabelGrid outline = tissue({500, 500});
  EXPECT_EQ(SectionPlan(outline, kOpen, traits_with([](auto&) {}, 40)).masses(), 13);
  EXPECT_EQ(SectionPlan(outline, kOpen, traits_with([](auto& t) { t.mass_mm = 8; }, 40)).masses(),
            3);
  EXPECT_EQ(SectionPlan(outline, kOpen, traits_with([](auto& t) { t.masses = 5; }, 40)).masses(),
            5);
  EXPECT_EQ(SectionPlan(outline, kOpen, traits_with([](auto&) {}, 4)).masses(), 1)
      << "a part of one";
  EXPECT_EQ(SectionPlan(outline, kOpen, traits_with([](auto&) {}, 4000)).masses(), kMostMasses);
}

TEST(SectionPlan, MassesAreLargeAndSoIsQuietTissue) {
  // 20 × 20 mm. What lies 1 mm apart is nearly always on the same side of a front.
  const LabelGrid outline = tissue({500, 500});
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const SectionPlan plan(outline, kOpen, traits_with([](auto& t) { t.mass_mm = 6; }, 40, seed));
    EXPECT_GT(
        share_of(
            outline,
            [&](double x, double y) { return plan.in_mass(x, y) == plan.in_mass(x + 25, y); }, 3),
        0.7)
        << "seed " << seed;
    EXPECT_GT(share_of(
                  outline,
                  [&](double x, double y) {
                    return plan.zone_at(x, y) == SectionZone::quiet ||
                           plan.zone_at(x, y) == SectionZone::fibrous;
                  },
                  3),
              0.25)
        << "seed " << seed;
  }
}

TEST(SectionPlan, NecrosisHasItsShareOfTheMassesAndLiesInThem) {
  const LabelGrid outline = tissue({500, 500});
  for (const double necrosis : {0.0, 0.1, 0.3}) {
    const SectionPlan plan(outline, kOpen,
                           traits_with([&](auto& t) { t.necrosis = necrosis; }, 40));
    const auto is_core = [&](double x, double y) {
      return plan.zone_at(x, y) == SectionZone::necrotic;
    };
    EXPECT_NEAR(share_of(outline, is_core) / share_in_masses(plan, outline), necrosis, 0.02);
    EXPECT_EQ(
        share_of(outline, [&](double x, double y) { return is_core(x, y) && !plan.in_mass(x, y); }),
        0);
  }
}

TEST(SectionPlan, ASharpFrontIsThatOfTheMassAndABrokenOneIsNot) {
  const LabelGrid outline = tissue({600, 500});
  const auto differing = [&](double infiltration) {
    const SectionPlan plan(outline, kOpen,
                           traits_with([&](auto& t) { t.infiltration = infiltration; }, 10));
    return share_of(outline, [&](double x, double y) {
      const SectionZone zone = plan.zone_at(x, y);
      // Septa lie on both sides, and scars have no tumour.
      return zone != SectionZone::septum && zone != SectionZone::scar &&
             is_tumour(zone) != plan.in_mass(x, y);
    });
  };
  EXPECT_LT(differing(0), 0.03);
  EXPECT_GT(differing(1), 2 * differing(0));
}

TEST(SectionPlan, IsAFunctionOfSeedAndPlace) {
  const LabelGrid outline = tissue({333, 257});
  const auto make = [&](std::size_t threads, std::uint64_t seed) {
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    const auto labels = make_layout({333, 257}, tissue_labels(), {LayoutKind::tissue});
    return cells_of(*packed_field(*lay_out_section(
        packed_field(*labels), SectionPlan(outline, kOpen, {{}, 4, seed}), kRoles, kBareGlass)));
  };
  const std::vector<LabelId> one = make(1, 7);
  EXPECT_EQ(make(2, 7), one);
  EXPECT_EQ(make(3, 7), one);
  EXPECT_EQ(make(8, 7), one);
  EXPECT_NE(make(2, 8), one);
}

TEST(SectionPlan, ReadsByRectanglesGiveTheSameAndGlassStays) {
  const auto labels = [] { return make_layout({200, 150}, tissue_labels(), {LayoutKind::tissue}); };
  const auto field = lay_out_section(labels(), SectionPlan(tissue({200, 150}), kOpen, {{}, 10, 3}),
                                     kRoles, kBareGlass);
  const std::vector<LabelId> whole = cells_of(*field), before = cells_of(*labels());
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_EQ(whole[i] == kBareGlass, before[i] == kBareGlass);
  const CellRect part{33, 17, 134, 18};
  std::vector<LabelId> row(static_cast<std::size_t>(part.area()));
  field->read(part, row.data());
  for (std::int64_t x = part.x0; x < part.x1; ++x)
    EXPECT_EQ(row[static_cast<std::size_t>(x - part.x0)],
              whole[static_cast<std::size_t>(part.y0 * 200 + x)]);
}

TEST(LabelIn, ZonesJoinWithWhatIsPainted) {
  struct Row {
    SectionZone zone;
    // Of painted carcinoma, necrosis, stroma, other, and a label without a role.
    std::vector<LabelId> becomes, without_stroma_and_necrosis;
  };
  const Row rows[] = {
      {SectionZone::quiet, {4, 4, 4, 4, 9}, {4, 2, 3, 4, 9}},
      {SectionZone::fibrous, {3, 4, 4, 4, 9}, {4, 2, 3, 4, 9}},
      {SectionZone::septum, {3, 3, 3, 3, 3}, {4, 4, 4, 4, 4}},
      {SectionZone::band, {3, 3, 3, 3, 3}, {4, 4, 4, 4, 4}},
      {SectionZone::scar, {3, 3, 3, 3, 3}, {4, 4, 4, 4, 4}},
      {SectionZone::lymphoid, {4, 4, 4, 4, 9}, {4, 2, 3, 4, 9}},
      {SectionZone::solid, {1, 1, 1, 1, 9}, {1, 2, 3, 1, 9}},
      {SectionZone::dense, {1, 1, 3, 1, 9}, {1, 2, 3, 1, 9}},
      {SectionZone::loose, {1, 1, 3, 3, 9}, {1, 2, 3, 4, 9}},
      {SectionZone::necrotic, {2, 2, 2, 2, 2}, {1, 2, 3, 1, 9}},
  };
  const SectionRoles few{1, 4, std::nullopt, std::nullopt, std::nullopt};
  const LabelId painted[] = {1, 2, 3, 4, 9};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(label_in(row.zone, painted[i], kRoles), row.becomes[i])
          << "zone " << static_cast<int>(row.zone) << ", painted " << int{painted[i]};
      EXPECT_EQ(label_in(row.zone, painted[i], few), row.without_stroma_and_necrosis[i])
          << "zone " << static_cast<int>(row.zone) << ", painted " << int{painted[i]};
    }
  const SectionRoles lymphoid{1, 4, 3, 2, LabelId{6}};
  EXPECT_EQ(label_in(SectionZone::lymphoid, 1, lymphoid), 6);
  EXPECT_EQ(label_in(SectionZone::quiet, 6, lymphoid), 4);
}

TEST(SectionPlan, RefusesWhatIsOutOfRange) {
  struct Case {
    std::function<void(SectionOptions&)> spoil;
    const char* message;
  };
  const Case cases[] = {
      {[](auto& o) { o.traits.tumour_share = 1.1; },
       "the tumour share of a section must be from 0 to 1, got 1.1"},
      {[](auto& o) { o.traits.tumour_share = std::nan(""); },
       "the tumour share of a section must be from 0 to 1, got nan"},
      {[](auto& o) { o.traits.mass_mm = 0; },
       "the masses of a section must be of 0.1 to 100 mm, got 0"},
      {[](auto& o) { o.traits.masses = 0; },
       "the masses of a section must be from 1 to 100, got 0"},
      {[](auto& o) { o.traits.masses = 101; },
       "the masses of a section must be from 1 to 100, got 101"},
      {[](auto& o) { o.traits.irregularity = -1; },
       "the irregularity of masses must be from 0 to 1, got -1"},
      {[](auto& o) { o.traits.infiltration = 2; },
       "the infiltration of masses must be from 0 to 1, got 2"},
      {[](auto& o) { o.traits.necrosis = 2; }, "the necrosis of masses must be from 0 to 1, got 2"},
      {[](auto& o) { o.microns_per_cell = 0; },
       "the microns per cell of a section must be a positive number, got 0"}};
  const LabelGrid outline = tissue({8, 8});
  for (const Case& c : cases) {
    SectionOptions options;
    c.spoil(options);
    EXPECT_EQ(message_of([&] { SectionPlan(outline, kOpen, options); }), c.message);
  }
}

}  // namespace
}  // namespace histoloom

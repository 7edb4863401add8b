//! The look: colours, type sizes, spacing and fonts, for light and dark. Views take every colour from here.

use std::sync::Arc;

use egui::epaint::{CornerRadius, Margin, Shadow};
use egui::style::{HandleShape, TextCursorStyle, WidgetVisuals, Widgets};
use egui::{
    Color32, Context, FontData, FontDefinitions, FontFamily, FontId, Stroke, Style, TextStyle, Theme, Ui, Vec2, Visuals,
};

/// Distances, in points: every gap in the app is one of these.
pub mod space {
    /// Between a label and its field.
    pub const XS: f32 = 4.0;
    /// Between things that belong together.
    pub const S: f32 = 8.0;
    /// Between fields.
    pub const M: f32 = 14.0;
    /// Between cards, and inside them at the edge.
    pub const L: f32 = 20.0;
    /// Around the page.
    pub const XL: f32 = 28.0;
}

/// The height of buttons and fields, in points.
pub const CONTROL: f32 = 34.0;
const RADIUS: u8 = 8;
const CARD_RADIUS: u8 = 14;

/// The colours of one theme.
pub struct Palette {
    /// Behind the cards.
    pub page: Color32,
    /// The cards.
    pub card: Color32,
    /// Fields, code and pictures, sunk into a card.
    pub well: Color32,
    /// Lines around cards and fields.
    pub line: Color32,
    /// Words.
    pub text: Color32,
    /// Words of less weight.
    pub muted: Color32,
    /// What to act on, and where one is.
    pub accent: Color32,
    /// The accent under the pointer.
    pub accent_strong: Color32,
    /// A breath of the accent, as a background.
    pub accent_soft: Color32,
    /// Words on the accent.
    pub on_accent: Color32,
    /// It worked.
    pub good: Color32,
    /// A background of the same.
    pub good_soft: Color32,
    /// It may not work.
    pub warn: Color32,
    /// A background of the same.
    pub warn_soft: Color32,
    /// It failed.
    pub bad: Color32,
    /// A background of the same.
    pub bad_soft: Color32,
    shadow: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

static LIGHT: Palette = Palette {
    page: rgb(0xf4_f5f8),
    card: rgb(0xff_ffff),
    well: rgb(0xf7_f8fa),
    line: rgb(0xdf_e3ea),
    text: rgb(0x1a_2130),
    muted: rgb(0x5d_6879),
    accent: rgb(0x2f_62d9),
    accent_strong: rgb(0x24_4fb5),
    accent_soft: rgb(0xe9_effc),
    on_accent: rgb(0xff_ffff),
    good: rgb(0x14_7a4b),
    good_soft: rgb(0xe6_f5ed),
    warn: rgb(0x9a_5a00),
    warn_soft: rgb(0xfd_f2dc),
    bad: rgb(0xb9_2c2c),
    bad_soft: rgb(0xfc_ebea),
    shadow: Color32::from_black_alpha(14),
};

static DARK: Palette = Palette {
    page: rgb(0x12_151b),
    card: rgb(0x1b_1f28),
    well: rgb(0x14_181f),
    line: rgb(0x2f_3542),
    text: rgb(0xe6_e9f0),
    muted: rgb(0x9a_a4b5),
    accent: rgb(0x7d_a6ff),
    accent_strong: rgb(0xa0_beff),
    accent_soft: rgb(0x22_2e48),
    on_accent: rgb(0x0c_1426),
    good: rgb(0x5f_d09a),
    good_soft: rgb(0x17_3227),
    warn: rgb(0xf0_b857),
    warn_soft: rgb(0x37_2c17),
    bad: rgb(0xff_8b84),
    bad_soft: rgb(0x3d_2224),
    shadow: Color32::from_black_alpha(60),
};

/// The colours of the theme that `ui` is drawn in.
pub fn palette(ui: &Ui) -> &'static Palette {
    palette_of(ui.visuals().dark_mode)
}

/// The colours of the dark theme or of the light one.
pub fn palette_of(dark: bool) -> &'static Palette {
    if dark { &DARK } else { &LIGHT }
}

/// Installs fonts and both themes; to be called once, before the first frame.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.set_style_of(Theme::Light, style(&LIGHT, Visuals::light()));
    ctx.set_style_of(Theme::Dark, style(&DARK, Visuals::dark()));
    // Most X11 desktops do not say which theme they have.
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
}

/// A large title.
pub fn title() -> TextStyle {
    TextStyle::Name("title".into())
}

/// WenQuanYi Micro Hei leads the proportional family: its Latin (Droid Sans) is sturdier at small sizes than egui's own Ubuntu Light, and
/// matches its Chinese. In the fixed-width family it fills in what Hack lacks.
fn fonts() -> FontDefinitions {
    const CJK: &str = "WenQuanYi Micro Hei";
    let mut fonts = FontDefinitions::default();
    fonts.font_data.insert(CJK.to_owned(), Arc::new(FontData::from_static(shared::font::CJK)));
    fonts.families.entry(FontFamily::Proportional).or_default().insert(0, CJK.to_owned());
    fonts.families.entry(FontFamily::Monospace).or_default().push(CJK.to_owned());
    fonts
}

fn style(colors: &Palette, base: Visuals) -> Style {
    let mut style = Style { visuals: visuals(colors, base), ..Style::default() };
    let proportional = |size| FontId::new(size, FontFamily::Proportional);
    style.text_styles = [
        (title(), proportional(23.0)),
        (TextStyle::Heading, proportional(18.0)),
        (TextStyle::Body, proportional(14.5)),
        (TextStyle::Button, proportional(14.5)),
        (TextStyle::Small, proportional(12.5)),
        (TextStyle::Monospace, FontId::new(13.0, FontFamily::Monospace)),
    ]
    .into();
    style.spacing.item_spacing = Vec2::new(space::S, space::S);
    style.spacing.button_padding = Vec2::new(space::M, 7.0);
    style.spacing.interact_size = Vec2::new(40.0, CONTROL);
    style.spacing.slider_rail_height = 6.0;
    style.spacing.icon_width = 18.0;
    style.spacing.icon_width_inner = 10.0;
    style.spacing.menu_margin = Margin::same(8);
    style.interaction.selectable_labels = false;
    style.animation_time = 0.08;
    style
}

fn visuals(colors: &Palette, base: Visuals) -> Visuals {
    let mut visuals = base;
    visuals.widgets = widgets(colors);
    // What an empty field suggests: lighter than words that are there.
    visuals.weak_text_color = Some(colors.muted.gamma_multiply(0.7));
    visuals.panel_fill = colors.page;
    visuals.window_fill = colors.card;
    visuals.window_stroke = Stroke::new(1.0, colors.line);
    visuals.extreme_bg_color = colors.well;
    visuals.faint_bg_color = colors.well;
    visuals.code_bg_color = colors.well;
    visuals.text_edit_bg_color = Some(colors.well);
    visuals.hyperlink_color = colors.accent;
    visuals.warn_fg_color = colors.warn;
    visuals.error_fg_color = colors.bad;
    visuals.selection.bg_fill = colors.accent.gamma_multiply(0.35);
    visuals.selection.stroke = Stroke::new(1.5, colors.accent);
    visuals.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS);
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: colors.shadow };
    visuals.window_shadow = visuals.popup_shadow;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    // A blinking caret would repaint the idle window twice a second.
    visuals.text_cursor =
        TextCursorStyle { stroke: Stroke::new(2.0, colors.accent), blink: false, ..TextCursorStyle::default() };
    visuals.disabled_alpha = 0.55;
    visuals
}

fn widgets(colors: &Palette) -> Widgets {
    let look = |fill: Color32, line: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.5, text),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: look(colors.card, colors.line, colors.text),
        inactive: look(colors.card, colors.line, colors.text),
        hovered: look(colors.well, colors.accent, colors.text),
        active: look(colors.accent_soft, colors.accent, colors.text),
        open: look(colors.well, colors.accent, colors.text),
    }
}

/// The frame of a card.
pub fn card(ui: &Ui) -> egui::Frame {
    let colors = palette(ui);
    egui::Frame::new()
        .fill(colors.card)
        .stroke(Stroke::new(1.0, colors.line))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .inner_margin(Margin::same(space::L as i8))
        .shadow(Shadow { offset: [0, 2], blur: 10, spread: 0, color: colors.shadow })
}

/// The frame of something sunk into a card: code, a picture, a list.
pub fn well(ui: &Ui) -> egui::Frame {
    let colors = palette(ui);
    egui::Frame::new()
        .fill(colors.well)
        .stroke(Stroke::new(1.0, colors.line))
        .corner_radius(CornerRadius::same(RADIUS))
        .inner_margin(Margin::symmetric(12, 9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_chinese_and_with_emoji_can_be_read() {
        let ctx = Context::default();
        install(&ctx);
        let mut lacking = Vec::new();
        let mut frame = ctx.run_ui(egui::RawInput::default(), |ui| {
            for family in [FontFamily::Proportional, FontFamily::Monospace] {
                let font = FontId::new(13.0, family);
                let lacks = |c: &char| !ui.fonts_mut(|fonts| fonts.has_glyph(&font, *c));
                lacking.extend("照片é☕😀🌄".chars().filter(lacks));
            }
        });
        frame.textures_delta.clear();
        assert_eq!(lacking, Vec::<char>::new());
    }
}

//! Small building blocks of the views: buttons, fields, cards, banners, columns.

use egui::emath::Numeric;
use egui::{
    Align, Button, Color32, Frame, Layout, Margin, Rect, Response, RichText, Sense, Stroke, TextEdit, TextStyle,
};
use egui::{Ui, UiBuilder, Vec2, WidgetInfo};

use crate::icons::{self, Icon};
use crate::theme::{self, CONTROL, palette, space};

/// What a banner or an icon means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It worked.
    Good,
    /// It may not work.
    Warn,
    /// It failed.
    Bad,
}

impl Tone {
    /// The colour of words and icons, and that of the background.
    pub fn colors(self, ui: &Ui) -> (Color32, Color32) {
        let colors = palette(ui);
        match self {
            Self::Good => (colors.good, colors.good_soft),
            Self::Warn => (colors.warn, colors.warn_soft),
            Self::Bad => (colors.bad, colors.bad_soft),
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Good => Icon::Check,
            Self::Warn => Icon::Warning,
            Self::Bad => Icon::Cross,
        }
    }
}

/// The one button of a card that leads on.
pub fn primary(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let colors = palette(ui);
    ui.scope(|ui| {
        ui.spacing_mut().button_padding.x = 18.0;
        let widgets = &mut ui.visuals_mut().widgets;
        let states = [
            (&mut widgets.inactive, colors.accent),
            (&mut widgets.hovered, colors.accent_strong),
            (&mut widgets.active, colors.accent_strong),
            (&mut widgets.noninteractive, colors.accent),
        ];
        for (look, fill) in states {
            look.weak_bg_fill = fill;
            look.bg_stroke = Stroke::new(1.0, fill);
            look.fg_stroke.color = colors.on_accent;
        }
        let response = ui.add_enabled(enabled, Button::new(text));
        focus_ring(ui, &response);
        response
    })
    .inner
}

/// Any other button.
pub fn secondary(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let response = ui.add_enabled(enabled, Button::new(text));
    focus_ring(ui, &response);
    response
}

/// A button of a row of small ones.
pub fn small_button(ui: &mut Ui, text: &str) -> Response {
    small_button_if(ui, true, text)
}

/// A button of a row of small ones that cannot always be pressed.
pub fn small_button_if(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let words = RichText::new(text).text_style(TextStyle::Small);
    let response = ui
        .add_enabled(enabled, Button::new(words).min_size(Vec2::new(0.0, 26.0)).wrap_mode(egui::TextWrapMode::Extend));
    focus_ring(ui, &response);
    response
}

/// One of several pages; `broken` marks one with a mistake.
pub fn tab(ui: &mut Ui, chosen: bool, name: &str, broken: bool) -> Response {
    let colors = palette(ui);
    let color = if chosen { colors.accent } else { colors.muted };
    let words = RichText::new(name).text_style(TextStyle::Small).color(if broken { colors.bad } else { color });
    let fill = if chosen { colors.accent_soft } else { colors.card };
    let button = Button::new(words).fill(fill).min_size(Vec2::new(0.0, 28.0));
    let response = ui.add(button);
    let spoken = if broken { tr!("{0}, cannot be read", name) } else { name.to_owned() };
    response.widget_info(|| WidgetInfo::selected(egui::Role::Tab, true, chosen, &spoken));
    focus_ring(ui, &response);
    response
}

/// A small icon and small words behind it.
pub fn line(ui: &mut Ui, glyph: Icon, color: Color32, text: &str) {
    let [mut left, mut right] = split(ui, 18.0, space::S);
    left.add_space(1.5);
    icon(&mut left, glyph, 13.0, color);
    let words = RichText::new(text).text_style(TextStyle::Small);
    right.add(egui::Label::new(words).wrap());
    join(ui, &[left, right]);
}

/// A button as wide as its column.
pub fn wide(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let size = Vec2::new(ui.available_width(), CONTROL);
    let response = ui.add_enabled_ui(enabled, |ui| ui.add_sized(size, Button::new(text))).inner;
    focus_ring(ui, &response);
    response
}

/// A switch with its name.
pub fn switch(ui: &mut Ui, on: &mut bool, name: &str) {
    const SIZE: Vec2 = Vec2::new(32.0, 18.0);
    let (knob, mut response) = named_control(ui, SIZE, name);
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, *on, name));
    let colors = palette(ui);
    let fill = if *on { colors.accent } else { colors.muted.gamma_multiply(0.45) };
    ui.painter().rect_filled(knob, SIZE.y / 2.0, fill);
    let inset = SIZE.y / 2.0;
    let x = if *on { knob.right() - inset } else { knob.left() + inset };
    ui.painter().circle_filled(egui::pos2(x, knob.center().y), inset - 2.5, colors.card);
}

/// One of several choices, with its name.
pub fn choice<T: PartialEq>(ui: &mut Ui, chosen: &mut T, value: T, name: &str) -> Response {
    const SIDE: f32 = 18.0;
    let (circle, mut response) = named_control(ui, Vec2::splat(SIDE), name);
    if response.clicked() {
        *chosen = value;
        response.mark_changed();
        return response;
    }
    let on = *chosen == value;
    response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, true, on, name));
    let colors = palette(ui);
    if on {
        ui.painter().circle_filled(circle.center(), SIDE / 2.0, colors.accent);
        ui.painter().circle_filled(circle.center(), SIDE / 2.0 - 5.0, colors.card);
    } else {
        ui.painter().circle_stroke(circle.center(), SIDE / 2.0 - 0.75, Stroke::new(1.5, colors.muted));
    }
    response
}

/// Makes room for a painted control and its name; returns where to paint the control.
fn named_control(ui: &mut Ui, control: Vec2, name: &str) -> (Rect, Response) {
    let font = TextStyle::Body.resolve(ui.style());
    let words = ui.painter().layout_no_wrap(name.to_owned(), font, palette(ui).text);
    let size = Vec2::new(control.x + space::S + words.size().x, CONTROL);
    let (whole, response) = ui.allocate_exact_size(size, Sense::click());
    let at = Rect::from_min_size(egui::pos2(whole.left(), whole.center().y - control.y / 2.0), control);
    let text_at = egui::pos2(at.right() + space::S, whole.center().y - words.size().y / 2.0);
    ui.painter().galley(text_at, words, palette(ui).text);
    focus_ring(ui, &response);
    (at, response)
}

/// A slider and its value, which can be typed, behind it; `label` names both. One that cannot be 0 is logarithmic.
pub fn slider<N: Numeric>(ui: &mut Ui, label: egui::Id, value: &mut N, range: std::ops::RangeInclusive<N>, unit: &str) {
    const VALUE: f32 = 84.0;
    const LONGEST: f32 = 420.0;
    let colors = palette(ui);
    ui.scope(|ui| {
        // The handle is as large as the control is high.
        ui.spacing_mut().interact_size.y = 18.0;
        ui.spacing_mut().slider_width = (ui.available_width() - VALUE).clamp(60.0, LONGEST);
        let widgets = &mut ui.visuals_mut().widgets;
        for look in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
            look.bg_fill = colors.line;
            look.fg_stroke = Stroke::new(2.0, colors.accent);
        }
        let logarithmic = range.start().to_f64() > 0.0;
        let slider = egui::Slider::new(value, range.clone()).logarithmic(logarithmic).show_value(false);
        let response = ui.add(slider).labelled_by(label);
        focus_ring(ui, &response);
    });
    ui.add(egui::DragValue::new(value).range(range).suffix(unit)).labelled_by(label);
}

/// Shows where the keyboard is.
pub fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, palette(ui).accent.gamma_multiply(0.6));
        ui.painter().rect_stroke(response.rect.expand(2.5), 10.0, stroke, egui::StrokeKind::Outside);
    }
}

/// A text field below its label. Returns the field's response.
pub fn field(ui: &mut Ui, label: &str, value: &mut String, hint: &str) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        let caption = ui.label(RichText::new(label).text_style(TextStyle::Small).color(palette(ui).muted));
        let edit = TextEdit::singleline(value).hint_text(hint).desired_width(ui.available_width());
        ui.add(edit).labelled_by(caption.id)
    })
    .inner
}

/// A small remark in muted words.
pub fn remark(ui: &mut Ui, text: impl Into<String>) -> Response {
    let color = palette(ui).muted;
    ui.label(RichText::new(text).text_style(TextStyle::Small).color(color))
}

/// The title of a card, and one muted sentence.
pub fn heading(ui: &mut Ui, title: &str, sentence: &str) {
    ui.spacing_mut().item_spacing.y = space::XS;
    ui.label(RichText::new(title).text_style(TextStyle::Heading));
    if !sentence.is_empty() {
        ui.label(RichText::new(sentence).color(palette(ui).muted));
    }
    ui.spacing_mut().item_spacing.y = space::S;
    ui.add_space(space::M);
}

/// A card as wide as its place.
pub fn card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = theme::card(ui);
    frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

/// A coloured strip with an icon; `add` draws its words.
pub fn banner<R>(ui: &mut Ui, tone: Tone, add: impl FnOnce(&mut Ui) -> R) -> R {
    let (color, soft) = tone.colors(ui);
    Frame::new()
        .fill(soft)
        .corner_radius(10)
        .inner_margin(Margin::symmetric(14, 11))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            let [mut left, mut right] = split(ui, 18.0, space::S + 2.0);
            icon(&mut left, tone.icon(), 17.0, color);
            let result = add(&mut right);
            join(ui, &[left, right]);
            result
        })
        .inner
}

/// A coloured strip with words.
pub fn say(ui: &mut Ui, tone: Tone, text: impl Into<String>) {
    banner(ui, tone, |ui| ui.label(text.into()));
}

/// An icon that takes `side` by `side` points.
pub fn icon(ui: &mut Ui, icon: Icon, side: f32, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    icons::paint(ui.painter(), icon, rect, color);
}

/// A button that is only an icon; `name` is its tooltip and its name for screen readers.
pub fn icon_button(ui: &mut Ui, glyph: Icon, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(CONTROL), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
    let look = *ui.style().interact(&response);
    if response.hovered() {
        ui.painter().rect_filled(rect, 8.0, look.bg_fill);
    }
    icons::paint(ui.painter(), glyph, rect.shrink(8.5), palette(ui).muted);
    focus_ring(ui, &response);
    response.on_hover_text(name)
}

/// A small button in a row that is only an icon; `name` is its tooltip and its name for screen readers.
pub fn small_icon_button(ui: &mut Ui, glyph: Icon, name: &str, side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
    let colors = palette(ui);
    if response.hovered() {
        ui.painter().rect_filled(rect, 6.0, colors.line);
    }
    icons::paint(ui.painter(), glyph, rect.shrink(side * 0.28), colors.muted);
    focus_ring(ui, &response);
    response.on_hover_text(name)
}

/// A bar that is full at a `share` of 1; `name` is for screen readers.
pub fn progress(ui: &mut Ui, share: f32, name: &str) {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 10.0), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::ProgressIndicator, true, name);
        info.value = Some(f64::from(share) * 100.0);
        info
    });
    ui.painter().rect_filled(rect, 5.0, colors.line);
    let mut filled = rect;
    filled.set_width((rect.width() * share).max(if share > 0.0 { 10.0 } else { 0.0 }));
    ui.painter().rect_filled(filled, 5.0, colors.accent);
}

/// Divides the width: `left` points, a gap, the rest. Draw into both, then [`join`] them.
pub fn split(ui: &mut Ui, left: f32, gap: f32) -> [Ui; 2] {
    let whole = ui.available_rect_before_wrap();
    let middle = (whole.left() + left).min(whole.right());
    let column = |rect| UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min));
    let rects = [
        Rect::from_min_max(whole.min, egui::pos2(middle, whole.bottom())),
        Rect::from_min_max(egui::pos2((middle + gap).min(whole.right()), whole.top()), whole.max),
    ];
    rects.map(|rect| {
        let mut child = ui.new_child(column(rect));
        child.set_width(rect.width());
        child
    })
}

/// Divides the width into equal halves.
pub fn halves(ui: &mut Ui, gap: f32) -> [Ui; 2] {
    let left = (ui.available_width() - gap) / 2.0;
    split(ui, left, gap)
}

/// Ends [`split`]: goes on below the taller column.
pub fn join(ui: &mut Ui, columns: &[Ui; 2]) {
    let all = columns[0].min_rect().union(columns[1].min_rect());
    ui.advance_cursor_after_rect(all);
}

/// Names and values, one pair a row; values in a fixed-width face, broken rather than cut.
pub fn facts<'a>(ui: &mut Ui, name_width: f32, rows: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in rows {
        let [mut left, mut right] = split(ui, name_width, space::S);
        left.add_space(0.5);
        left.label(RichText::new(name).text_style(TextStyle::Small).color(palette(ui).muted));
        let mut job = egui::text::LayoutJob::simple(
            value.to_owned(),
            TextStyle::Monospace.resolve(ui.style()),
            palette(ui).text,
            right.available_width(),
        );
        job.wrap.break_anywhere = !value.contains(' ');
        right.add(egui::Label::new(job).selectable(true));
        join(ui, &[left, right]);
    }
}

/// What stands where there is nothing yet.
pub fn empty(ui: &mut Ui, glyph: Icon, title: &str, sentence: &str, button: &str) -> Response {
    let response = ui.vertical_centered(|ui| {
        ui.add_space(36.0);
        let color = palette(ui).muted.gamma_multiply(0.7);
        icon(ui, glyph, 44.0, color);
        ui.add_space(space::S);
        ui.label(RichText::new(title).text_style(TextStyle::Heading));
        ui.label(RichText::new(sentence).color(palette(ui).muted));
        ui.add_space(space::M);
        let response = primary(ui, true, button);
        ui.add_space(36.0);
        response
    });
    response.inner
}

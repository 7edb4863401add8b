//! The app's icons, painted from lines, so that they look the same everywhere and need no font.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2};

/// An icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Done.
    Check,
    /// Failed.
    Cross,
    /// Doubtful.
    Warning,
    /// Under way.
    Dots,
    /// A picture.
    Picture,
    /// Upwards.
    Upload,
    /// Stop for now.
    Pause,
    /// Begin.
    Play,
    /// Once more.
    Again,
    /// A light theme.
    Sun,
    /// A dark theme.
    Moon,
    /// As the system is.
    Half,
    /// Where objects lie.
    Folder,
    /// There and back.
    Wire,
    /// What one may do.
    Key,
    /// What may strike.
    Bolt,
    /// How it looks.
    Gear,
    /// What there is to know.
    Help,
}

/// Paints `icon` into `rect`, which should be square.
pub fn paint(painter: &Painter, icon: Icon, rect: Rect, color: Color32) {
    let side = rect.width().min(rect.height());
    let stroke = Stroke::new((side / 11.0).clamp(1.4, 3.0), color);
    let at = |x: f32, y: f32| rect.center() + Vec2::new(x, y) * side / 2.0;
    let line = |points: &[Pos2]| {
        painter.add(Shape::line(points.to_vec(), stroke));
    };
    match icon {
        Icon::Check => line(&[at(-0.55, 0.05), at(-0.15, 0.45), at(0.6, -0.4)]),
        Icon::Cross => {
            line(&[at(-0.45, -0.45), at(0.45, 0.45)]);
            line(&[at(-0.45, 0.45), at(0.45, -0.45)]);
        }
        Icon::Warning => {
            painter.add(Shape::closed_line(vec![at(0.0, -0.75), at(0.85, 0.7), at(-0.85, 0.7)], stroke));
            line(&[at(0.0, -0.2), at(0.0, 0.2)]);
            painter.circle_filled(at(0.0, 0.45), stroke.width * 0.7, color);
        }
        Icon::Dots => {
            for x in [-0.5, 0.0, 0.5] {
                painter.circle_filled(at(x, 0.0), side * 0.09, color);
            }
        }
        Icon::Picture => picture(painter, rect, at, stroke),
        Icon::Upload => {
            line(&[at(0.0, 0.4), at(0.0, -0.6)]);
            line(&[at(-0.42, -0.18), at(0.0, -0.62), at(0.42, -0.18)]);
            line(&[at(-0.65, 0.35), at(-0.65, 0.72), at(0.65, 0.72), at(0.65, 0.35)]);
        }
        Icon::Pause => {
            line(&[at(-0.3, -0.55), at(-0.3, 0.55)]);
            line(&[at(0.3, -0.55), at(0.3, 0.55)]);
        }
        Icon::Play => {
            painter.add(Shape::closed_line(vec![at(-0.4, -0.6), at(0.6, 0.0), at(-0.4, 0.6)], stroke));
        }
        Icon::Again => {
            let arc = (0..=18).map(|i| 0.6 * Vec2::angled(-0.9 + 5.2 * i as f32 / 18.0));
            painter.add(Shape::line(arc.map(|point| at(point.x, point.y)).collect(), stroke));
            line(&[at(0.05, -0.48), at(0.38, -0.47), at(0.42, -0.82)]);
        }
        Icon::Folder => {
            let body = [(-0.8, -0.55), (-0.2, -0.55), (0.0, -0.3), (0.8, -0.3), (0.8, 0.6), (-0.8, 0.6)];
            painter.add(Shape::closed_line(body.map(|(x, y)| at(x, y)).to_vec(), stroke));
        }
        Icon::Wire => {
            line(&[at(-0.8, -0.3), at(0.75, -0.3)]);
            line(&[at(0.4, -0.65), at(0.78, -0.3), at(0.4, 0.05)]);
            line(&[at(0.8, 0.45), at(-0.75, 0.45)]);
            line(&[at(-0.4, 0.1), at(-0.78, 0.45), at(-0.4, 0.8)]);
        }
        Icon::Key => {
            painter.circle_stroke(at(-0.4, 0.0), side * 0.19, stroke);
            line(&[at(-0.02, 0.0), at(0.85, 0.0), at(0.85, 0.35)]);
            line(&[at(0.5, 0.0), at(0.5, 0.28)]);
        }
        Icon::Bolt => {
            let bolt = [(0.25, -0.85), (-0.5, 0.15), (-0.02, 0.15), (-0.25, 0.85), (0.5, -0.15), (0.02, -0.15)];
            painter.add(Shape::closed_line(bolt.map(|(x, y)| at(x, y)).to_vec(), stroke));
        }
        Icon::Gear => gear(painter, rect, stroke),
        Icon::Help => {
            let bow = (0..=14).map(|i| Vec2::new(0.0, -0.3) + 0.36 * Vec2::angled(-3.0 + 4.2 * i as f32 / 14.0));
            let mut points: Vec<Pos2> = bow.map(|point| at(point.x, point.y)).collect();
            points.push(at(0.0, 0.3));
            painter.add(Shape::line(points, stroke));
            painter.circle_filled(at(0.0, 0.65), stroke.width * 0.8, color);
        }
        Icon::Sun => sun(painter, rect, stroke),
        Icon::Moon => moon(painter, at, stroke),
        Icon::Half => {
            painter.circle_stroke(rect.center(), side * 0.38, stroke);
            let half = (0..=24).map(|i| std::f32::consts::PI * (0.5 + i as f32 / 24.0));
            let arc = half.map(|a| rect.center() + Vec2::angled(a) * side * 0.38).collect();
            painter.add(Shape::convex_polygon(arc, color, Stroke::NONE));
        }
    }
}

fn picture(painter: &Painter, rect: Rect, at: impl Fn(f32, f32) -> Pos2, stroke: Stroke) {
    let side = rect.width().min(rect.height());
    let frame = Rect::from_min_max(at(-0.9, -0.7), at(0.9, 0.7));
    painter.rect_stroke(frame, side * 0.12, stroke, egui::StrokeKind::Middle);
    painter.circle_stroke(at(-0.4, -0.25), side * 0.09, stroke);
    let hills = [at(-0.9, 0.5), at(-0.35, 0.05), at(0.0, 0.35), at(0.4, -0.1), at(0.9, 0.4)];
    painter.add(Shape::line(hills.to_vec(), stroke));
}

/// A ring with eight teeth.
fn gear(painter: &Painter, rect: Rect, stroke: Stroke) {
    let side = rect.width().min(rect.height());
    painter.circle_stroke(rect.center(), side * 0.14, stroke);
    let teeth = (0..32).map(|i| {
        let radius = if i % 4 < 2 { 0.46 } else { 0.35 };
        rect.center() + Vec2::angled(std::f32::consts::TAU * (i as f32 + 0.5) / 32.0) * side * radius
    });
    painter.add(Shape::closed_line(teeth.collect(), stroke));
}

fn sun(painter: &Painter, rect: Rect, stroke: Stroke) {
    let side = rect.width().min(rect.height());
    painter.circle_stroke(rect.center(), side * 0.2, stroke);
    for ray in 0..8 {
        let direction = Vec2::angled(std::f32::consts::TAU * ray as f32 / 8.0);
        let ends = [rect.center() + direction * side * 0.33, rect.center() + direction * side * 0.46];
        painter.line_segment(ends, stroke);
    }
}

/// A crescent: most of a circle, and the arc of a second circle that bites into it. The angles are where the two meet.
fn moon(painter: &Painter, at: impl Fn(f32, f32) -> Pos2, stroke: Stroke) {
    const STEPS: i32 = 20;
    let arc = |center: Vec2, radius: f32, from: f32, to: f32| {
        let points = (0..=STEPS).map(|i| {
            let angle = from + (to - from) * i as f32 / STEPS as f32;
            let point = center + radius * Vec2::angled(angle);
            at(point.x, point.y)
        });
        painter.add(Shape::line(points.collect(), stroke));
    };
    arc(Vec2::ZERO, 0.78, 0.252, 4.461);
    arc(Vec2::new(0.42, -0.42), 0.7, 3.641, 1.071);
}
